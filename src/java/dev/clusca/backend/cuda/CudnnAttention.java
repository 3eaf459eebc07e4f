package dev.clusca.backend.cuda;

import dev.clusca.bindings.dnn.AttentionPlan;
import dev.clusca.bindings.dnn.AttentionShape;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/** Attention by cuDNN, with a plan for each shape that was met. */
final class CudnnAttention implements AutoCloseable {
    private final CudnnSession cudnn;
    private final Map<AttentionShape, AttentionPlan> plans = new HashMap<>();

    CudnnAttention(CudnnSession cudnn) {
        this.cudnn = cudnn;
    }

    /** Whether cuDNN computes it: by its version, the GPU, the type, the width of a head and where the tensors lie. */
    boolean takes(Tensor qkv, int heads, Tensor out) {
        return out.shape().elements() > 0
                && CudnnSession.aligned(qkv, out)
                && shape(qkv, heads, out)
                        .refusal(cudnn.version(), cudnn.capability())
                        .isEmpty();
    }

    /** Enqueues it; {@link #takes} said yes. */
    void attention(Tensor qkv, int heads, Tensor out) {
        AttentionPlan plan = cudnn.plan(plans, "attention", shape(qkv, heads, out), AttentionPlan::new);
        long workspace = cudnn.workspace("attention", plan.workspaceBytes());
        cudnn.run(() -> plan.run(cudnn.handle(), qkv.address(), out.address(), workspace));
    }

    private static AttentionShape shape(Tensor qkv, int heads, Tensor out) {
        Shape shape = out.shape();
        return new AttentionShape(
                CudnnSession.type(qkv.dtype()), shape.dim(0), shape.dim(1), heads, shape.dim(2) / heads);
    }

    @Override
    public void close() {
        plans.values().forEach(AttentionPlan::close);
        plans.clear();
    }
}
