package dev.clusca.bindings.blas;

import java.lang.foreign.MemorySegment;

/** A {@code cublasLtMatrixLayout_t}: a column-major matrix, as cuBLASLt takes them by default. */
final class LtLayout implements AutoCloseable {
    private final LtFunctions functions;
    private final MemorySegment layout;
    private boolean closed;

    /** Element (r, c) lies at {@code c * rows + r}. */
    LtLayout(LtFunctions functions, LtType type, long rows, long columns, String purpose) {
        this.functions = functions;
        layout = LtHandle.created(
                "cublasLtMatrixLayoutCreate",
                purpose,
                out -> functions.layoutCreate(out, type.code(), rows, columns, rows));
    }

    MemorySegment segment() {
        return layout;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            functions.layoutDestroy(layout);
        }
    }
}
