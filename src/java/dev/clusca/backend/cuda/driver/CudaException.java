package dev.clusca.backend.cuda.driver;

import dev.clusca.backend.BackendException;
import dev.clusca.bindings.driver.DriverFunctions;
import java.util.Locale;

/** A call of the CUDA driver failed: which, with what code, what that means, and what will most likely help. */
public final class CudaException extends BackendException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int code;

    private CudaException(String call, int code, String message) {
        super(message);
        this.call = call;
        this.code = code;
    }

    /** The failure of a call. */
    static CudaException of(String call, int code) {
        return of(call, code, "");
    }

    /**
     * The failure of a call.
     *
     * @param detail what else is known, as sentences, or empty
     */
    static CudaException of(String call, int code, String detail) {
        String text = CudaError.of(code)
                .map(error -> String.format(
                        Locale.ROOT,
                        "%s (%d): %s. Likely remedy: %s.",
                        error.fullName(),
                        code,
                        error.meaning(),
                        error.remedy()))
                .orElseGet(() -> String.format(
                        Locale.ROOT,
                        "%s (%d). Likely remedy: look the code up in NVIDIA's documentation of CUresult.",
                        DriverFunctions.errorName(code).orElse("an unknown code"),
                        code));
        return new CudaException(call, code, call + " failed with " + text + (detail.isEmpty() ? "" : "\n" + detail));
    }

    /** Returns if the code is success. */
    static void check(String call, int code) {
        if (code != 0) {
            throw of(call, code);
        }
    }

    /** The function of the driver, without its version suffix. */
    public String call() {
        return call;
    }

    /** The result code, a {@code CUresult}. */
    public int code() {
        return code;
    }

    /** Whether it is this error. */
    public boolean is(CudaError error) {
        return code == error.code();
    }

    /** Whether every later call in this context will fail too. */
    public boolean isSticky() {
        return CudaError.of(code).map(CudaError::isSticky).orElse(false);
    }
}
