package dev.clusca.backend.cuda;

import dev.clusca.backend.Linear;
import dev.clusca.tensor.Tensor;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Attention and convolution by cuDNN where it takes them, and all else by the kernels of {@link CudaOps}. What it takes is declared: attention of BF16 in heads of a multiple of 8 channels, up to 128
 * (256 on Hopper), from cuDNN 9.13.1 on; convolution that does not enlarge its image.
 */
final class CudnnOps extends CudaOps implements AutoCloseable {
    static final String WHAT =
            "attention of bf16 in heads of 8, 16, .. 128 channels, and convolution that enlarges nothing, by cuDNN 9; all else by clusca's own kernels";

    /** Those that it computes otherwise than {@link CudaOps}. */
    static final Set<String> OPERATIONS = Set.of("attention", "convolve");

    private final CudaQueue queue;
    private final CudnnSession cudnn;
    private final CudnnAttention attention;
    private final CudnnConvolution convolution;

    /** @throws dev.clusca.backend.BackendException if cuDNN cannot be used, with the reason and the remedy */
    CudnnOps(CudaQueue queue, Kernels kernels, Gemm products, Scratch scratch, Staging staging) {
        super(queue, kernels, products, scratch, staging);
        this.queue = queue;
        cudnn = new CudnnSession(queue, scratch);
        attention = new CudnnAttention(cudnn);
        convolution = new CudnnConvolution(cudnn, queue, scratch, staging);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        if (attention.takes(qkv, heads, out)) {
            queue.submit("attention", () -> attention.attention(qkv, heads, out));
        } else {
            super.attention(qkv, heads, out);
        }
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        CudaLinear weights = (CudaLinear) layer;
        if (convolution.takes(x, weights, doubled, residual, out)) {
            queue.submit("convolve", () -> convolution.convolve(x, weights, residual, out));
        } else {
            super.convolve(x, layer, doubled, residual, out);
        }
    }

    /** Work must be done. */
    @Override
    public void close() {
        queue.context().free(attention::close);
        queue.context().free(convolution::close);
        cudnn.close();
    }
}
