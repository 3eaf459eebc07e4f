package dev.clusca.bindings.dnnl;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.MemorySegment;

/** A oneDNN function refused: which, with what status, and for what. */
public final class DnnlException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_NAME = 64;

    private DnnlException(String message) {
        super(message);
    }

    /** Returns if a status is success. */
    static void check(int status, String function, String purpose) {
        if (status != OneDnn.dnnl_success()) {
            MemorySegment name = OneDnn.dnnl_status2str(status).reinterpret(LONGEST_NAME);
            throw new DnnlException("oneDNN: " + function + " for " + purpose + " returned status " + status + " ("
                    + name.getString(0) + ")"
                    + (status == OneDnn.dnnl_out_of_memory() ? "; free memory or use a smaller batch" : ""));
        }
    }
}
