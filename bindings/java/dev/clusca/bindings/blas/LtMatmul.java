package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * One {@link LtShape}, with the algorithm that cuBLASLt's heuristics put first for it; the search is done once, when this is made.
 *
 * <p>cuBLASLt's matrices are column-major, clusca's row-major; the same memory read the other way is the transposed matrix. So row-major {@code out = a W^T} is column-major {@code out^T = W a^T}:
 *
 * <pre>
 *   D, [N, M] with leading extent N    is out [M, N]
 *   A, [K, N] with leading extent K    is W [N, K], and taken transposed (CUBLAS_OP_T) gives [N, K]
 *   B, [K, M] with leading extent K    is a [M, K], and taken as it is (CUBLAS_OP_N) gives [K, M]
 * </pre>
 *
 * A bias has one element for each row of D, which are the columns of {@code out}.
 */
public final class LtMatmul implements AutoCloseable {
    /** {@code cublasLtMatmulHeuristicResult_t}: the algorithm, {@code uint64_t[8]}; {@code size_t workspaceSize}; {@code cublasStatus_t state}; {@code float}; {@code int[4]}. */
    private static final int RESULT_BYTES = 96;

    private static final int RESULT_WORKSPACE = 64;
    private static final int RESULT_STATE = 72;

    private final LtHandle handle;
    private final LtFunctions functions;
    private final LtShape shape;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment one = arena.allocateFrom(JAVA_FLOAT, 1);
    private final MemorySegment zero = arena.allocateFrom(JAVA_FLOAT, 0);
    private final MemorySegment algorithm = arena.allocate(RESULT_BYTES, JAVA_LONG.byteAlignment());
    /** What frees its parts; where one of them could not be made, those before it. */
    private final List<Runnable> parts = new ArrayList<>();

    private final LtDescription description;
    private final LtLayout layoutWeight;
    private final LtLayout layoutA;
    private final LtLayout layoutOut;

    /**
     * Searches the algorithm.
     *
     * @param bias an address that the bias may have, if there is one
     * @param workspaceBytes the most that it may use
     * @throws BlasException also when there is no algorithm
     */
    public LtMatmul(LtHandle handle, LtShape shape, long bias, long workspaceBytes) {
        this.handle = handle;
        this.functions = handle.functions();
        this.shape = shape;
        String purpose = shape.toString();
        try {
            description = new LtDescription(functions, shape);
            parts.add(description::close);
            layoutWeight = layout(shape.input(), shape.k(), shape.n(), purpose);
            layoutA = layout(shape.input(), shape.k(), shape.m(), purpose);
            layoutOut = layout(shape.output(), shape.n(), shape.m(), purpose);
            if (shape.epilogue().hasBias()) {
                description.bias(bias);
            }
            search(workspaceBytes, purpose);
        } catch (BlasException e) {
            close();
            throw e;
        }
    }

    private LtLayout layout(LtType type, long rows, long columns, String purpose) {
        LtLayout layout = new LtLayout(functions, type, rows, columns, purpose);
        parts.add(layout::close);
        return layout;
    }

    private void search(long workspaceBytes, String purpose) {
        try (Arena once = Arena.ofConfined();
                LtPreference preference = new LtPreference(functions, shape, workspaceBytes)) {
            MemorySegment count = once.allocate(JAVA_INT);
            int status = functions.heuristic(
                    handle.handle(),
                    description.segment(),
                    layoutWeight.segment(),
                    layoutA.segment(),
                    layoutOut.segment(),
                    layoutOut.segment(),
                    preference.segment(),
                    1,
                    algorithm,
                    count);
            BlasException.check(status, "cublasLtMatmulAlgoGetHeuristic", purpose);
            if (count.get(JAVA_INT, 0) == 0) {
                throw BlasException.of(
                        BlasStatus.CUBLAS_STATUS_NOT_SUPPORTED.code(), "cublasLtMatmulAlgoGetHeuristic", purpose);
            }
            BlasException.check(algorithm.get(JAVA_INT, RESULT_STATE), "cublasLtMatmulAlgoGetHeuristic", purpose);
        }
    }

    /** Bytes of the workspace that the algorithm uses. */
    public long workspaceBytes() {
        return algorithm.get(JAVA_LONG, RESULT_WORKSPACE);
    }

    /**
     * Enqueues the product.
     *
     * @param a address of {@code [M, K]}
     * @param weight address of {@code [N, K]}
     * @param bias address of {@code [N]} of the output's type; of no account where the epilogue adds none
     * @param out address of {@code [M, N]}, no part of which is an input
     * @param workspace address of {@link #workspaceBytes}, at a multiple of 256
     * @param stream a {@code cudaStream_t}
     */
    public void run(long a, long weight, long bias, long out, long workspace, long stream) {
        if (shape.epilogue().hasBias()) {
            description.bias(bias);
        }
        MemorySegment target = MemorySegment.ofAddress(out);
        int status = functions.matmul(
                handle.handle(),
                description.segment(),
                one,
                MemorySegment.ofAddress(weight),
                layoutWeight.segment(),
                MemorySegment.ofAddress(a),
                layoutA.segment(),
                zero,
                target,
                layoutOut.segment(),
                target,
                layoutOut.segment(),
                algorithm,
                MemorySegment.ofAddress(workspace),
                workspaceBytes(),
                MemorySegment.ofAddress(stream));
        if (status != BlasStatus.CUBLAS_STATUS_SUCCESS.code()) {
            throw BlasException.of(status, "cublasLtMatmul", shape.toString());
        }
    }

    /** Closing again does nothing; work that was enqueued is not disturbed. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            parts.forEach(Runnable::run);
            arena.close();
        }
    }
}
