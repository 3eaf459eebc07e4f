package dev.clusca.bindings.dnn;

import java.util.ArrayList;
import java.util.List;

/** A convolution of one shape, with its bias and residual in the same pass. */
public final class ConvolutionPlan implements AutoCloseable {
    private final ConvolutionShape shape;
    private final CudnnPlan plan;

    /**
     * Chooses an engine by cuDNN's heuristics; may compile for a second.
     *
     * @throws CudnnException if cuDNN has no engine for it
     */
    public ConvolutionPlan(CudnnTarget target, ConvolutionShape shape) {
        this.shape = shape;
        CudnnTensor x =
                CudnnTensor.images(1, shape.type(), shape.images(), shape.inputs(), shape.height(), shape.width());
        CudnnTensor filter =
                CudnnTensor.images(2, shape.type(), shape.outputs(), shape.inputs(), shape.size(), shape.size());
        CudnnTensor out =
                CudnnTensor.images(3, shape.out(), shape.images(), shape.outputs(), shape.height(), shape.width());
        List<CudnnTensor> arguments = new ArrayList<>(List.of(x, filter, out));
        // The residual first: this is the order for which cuDNN brings compiled engines.
        List<CudnnTensor> terms = new ArrayList<>();
        if (shape.residual() != null) {
            terms.add(CudnnTensor.images(
                    5, shape.residual(), shape.images(), shape.outputs(), shape.height(), shape.width()));
        }
        if (shape.biased()) {
            terms.add(CudnnTensor.images(4, CudnnType.F32, 1, shape.outputs(), 1, 1));
        }
        arguments.addAll(terms);
        try (CudnnGraph graph = new CudnnGraph("a convolution " + shape)) {
            CudnnTensor sum = terms.isEmpty() ? out : out.unstored(6);
            graph.convolution(x, filter, shape.size() / 2, sum);
            for (int i = 0; i < terms.size(); i++) {
                CudnnTensor next = i + 1 == terms.size() ? out : out.unstored(7 + i);
                graph.add(sum, terms.get(i), next);
                sum = next;
            }
            plan = graph.plan(target, shape.precision(), arguments);
        }
    }

    /** Device memory that it needs while it runs. */
    public long workspaceBytes() {
        return plan.workspaceBytes();
    }

    /** cuDNN's number of the engine that computes. */
    public long engine() {
        return plan.engine();
    }

    /** Enqueues it; the bias's and the residual's addresses count only if the shape has them. All are multiples of {@link CudnnTensor#ALIGNMENT}. */
    public void run(CudnnHandle handle, long x, long filter, long bias, long residual, long out, long workspace) {
        if (shape.biased() && shape.residual() != null) {
            plan.run(handle, workspace, x, filter, out, residual, bias);
        } else if (shape.biased()) {
            plan.run(handle, workspace, x, filter, out, bias);
        } else {
            plan.run(handle, workspace, x, filter, out);
        }
    }

    @Override
    public void close() {
        plan.close();
    }
}
