package dev.clusca.bindings.dnn;

import java.util.List;

/** Attention of one shape. */
public final class AttentionPlan implements AutoCloseable {
    private final AttentionShape shape;
    private final CudnnPlan plan;

    /**
     * Chooses an engine by cuDNN's heuristics; may compile for a second.
     *
     * @throws dev.clusca.bindings.NativeUnavailableException if this cuDNN is too old
     * @throws CudnnException if cuDNN has no engine for it; ask {@link AttentionShape#refusal} before
     */
    public AttentionPlan(CudnnTarget target, AttentionShape shape) {
        this.shape = shape;
        long width = shape.heads() * shape.d();
        CudnnTensor q = heads(1, 3 * width);
        CudnnTensor k = heads(2, 3 * width);
        CudnnTensor v = heads(3, 3 * width);
        CudnnTensor out = heads(4, width);
        CudnnTensor scale = CudnnTensor.constant(5, (float) (1 / Math.sqrt(shape.d())));
        try (CudnnGraph graph = new CudnnGraph("attention " + shape)) {
            plan = graph.attention(q, k, v, scale, out)
                    .plan(target, CudnnPrecision.TENSOR_CORES, List.of(q, k, v, out));
        }
    }

    private CudnnTensor heads(long id, long pitch) {
        return CudnnTensor.heads(id, shape.type(), shape.rows(), shape.heads(), shape.tokens(), shape.d(), pitch);
    }

    /** Device memory that it needs while it runs. */
    public long workspaceBytes() {
        return plan.workspaceBytes();
    }

    /** cuDNN's number of the engine that computes. */
    public long engine() {
        return plan.engine();
    }

    /** Enqueues it. Addresses are multiples of {@link CudnnTensor#ALIGNMENT}. */
    public void run(CudnnHandle handle, long qkv, long out, long workspace) {
        long third = shape.heads() * shape.d() * shape.type().bytes();
        plan.run(handle, workspace, qkv, qkv + third, qkv + 2 * third, out);
    }

    @Override
    public void close() {
        plan.close();
    }
}
