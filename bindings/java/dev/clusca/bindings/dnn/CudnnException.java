package dev.clusca.bindings.dnn;

import dev.clusca.bindings.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A function of cuDNN refused: which, for what, with what status, what that means, and what to do. */
public final class CudnnException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_NAME = 128;
    private static final int LONGEST_REASON = 2048;

    /** Statuses come in thousands: 2000 for arguments, 3000 for what is not supported, 4000 for cuDNN's own errors, 5000 for failed work. */
    private static final int CATEGORY = 1000;

    private final String call;
    private final int status;

    private CudnnException(String call, int status, String message) {
        super(message);
        this.call = call;
        this.status = status;
    }

    /** Returns if a status is success. */
    static void check(int status, String call, String purpose) {
        if (status != Cudnn.CUDNN_STATUS_SUCCESS()) {
            throw of(status, call, purpose);
        }
    }

    /** Must be asked for right after the call, as cuDNN keeps the reason of the last failure alone. */
    static CudnnException of(int status, String call, String purpose) {
        String reason = reason();
        return new CudnnException(
                call,
                status,
                "cuDNN: " + call + " for " + purpose + " returned status " + status + " (" + name(status) + ")"
                        + (reason.isEmpty() ? "" : ": " + reason) + "; " + remedy(status));
    }

    /** For a graph that no engine of the wanted precision computes. */
    static CudnnException noEngine(String purpose, CudnnPrecision precision) {
        int status = Cudnn.CUDNN_STATUS_NOT_SUPPORTED();
        return new CudnnException(
                "cudnnBackendGetAttribute",
                status,
                "cuDNN: no engine computes " + purpose + " in precision " + precision + " here; " + remedy(status));
    }

    /** The function that refused. */
    public String call() {
        return call;
    }

    /** cuDNN's {@code cudnnStatus_t}. */
    public int status() {
        return status;
    }

    /** Whether cuDNN lacks what was asked for, on this GPU or altogether. */
    public boolean isNotSupported() {
        return status / CATEGORY * CATEGORY == Cudnn.CUDNN_STATUS_NOT_SUPPORTED();
    }

    private static String name(int status) {
        return Cudnn.cudnnGetErrorString(status).reinterpret(LONGEST_NAME).getString(0);
    }

    private static String reason() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(LONGEST_REASON);
            Cudnn.cudnnGetLastErrorString(text, LONGEST_REASON);
            return text.getString(0).strip();
        }
    }

    private static String remedy(int status) {
        if (status == Cudnn.CUDNN_STATUS_NOT_INITIALIZED()) {
            return "no GPU can be used in this process: check nvidia-smi and CUDA_VISIBLE_DEVICES";
        }
        if (status == Cudnn.CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH()
                || status == Cudnn.CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED()
                || status == Cudnn.CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE()) {
            return "install all libraries of cuDNN from one package, as with pip install nvidia-cudnn-cu13";
        }
        if (status == Cudnn.CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER()
                || status == Cudnn.CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDART()) {
            return "install a newer driver of NVIDIA's";
        }
        if (status == Cudnn.CUDNN_STATUS_NOT_SUPPORTED_RUNTIME_PREREQUISITE_MISSING()
                || status == Cudnn.CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED()) {
            return "install NVRTC with the headers of CUDA 13 (or: pip install nvidia-cuda-nvrtc nvidia-cuda-runtime), and a driver";
        }
        if (status == Cudnn.CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED()
                || status == Cudnn.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED()) {
            return "free memory or use a smaller batch";
        }
        return switch (status / CATEGORY) {
            case 2 -> "this is an error of the caller's; CUDNN_LOGLEVEL_DBG=1 CUDNN_LOGDEST_DBG=stderr shows where";
            case 3 -> "take clusca's own kernels instead, --backend cuda";
            default -> "CUDNN_LOGLEVEL_DBG=1 CUDNN_LOGDEST_DBG=stderr shows more";
        };
    }
}
