package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/sampler.cu}: what follows the model, conversions, and the end of a step. */
final class SamplerKernels {
    private static final int BLOCK = 256;
    /** Elements of a block of cast: 8 a thread. */
    private static final int CAST = 8 * BLOCK;

    private final CudaQueue queue;
    private final Kernels.Typed guidance;
    private final Kernels.Typed ddimUpdate;
    private final Kernels.Typed ddpmUpdate;
    private final Kernels.Typed cast;
    private final Kernels.Typed advance;

    SamplerKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        guidance = kernels.typed("sampler", "guidance", "f32* output", "s32 image", "s32 guided", "f32 scale");
        String[] update = {
            "f32* x",
            "const f32* output",
            "const f32* noise",
            "const f32* rows",
            "const s32* cursor",
            "s32 count",
            "s32 outputImage",
            "s32 clip"
        };
        ddimUpdate = kernels.typed("sampler", "ddim_update", update);
        ddpmUpdate = kernels.typed("sampler", "ddpm_update", update);
        cast = kernels.typed("sampler", "cast", "const A* source", "B* target", "s64 count");
        advance = kernels.typed("sampler", "advance", "s32* cursor");
    }

    void guidance(Tensor output, float scale, int channels) {
        Shape shape = output.shape();
        int guided = extent("an image", channels * shape.dim(2) * shape.dim(3));
        Kernel kernel = guidance.of();
        kernel.arguments().tensor(output).int32(image(shape)).int32(guided).float32(scale);
        kernel.launch(queue.stream(), blocks(guided, BLOCK), extent("B", shape.dim(0) / 2), 1, BLOCK, 1, 1, 0);
    }

    void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        update(ddimUpdate.of(), x, output, noise, clip, steps);
    }

    void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        update(ddpmUpdate.of(), x, output, noise, clip, steps);
    }

    private void update(Kernel kernel, Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        int count = image(x.shape());
        kernel.arguments()
                .tensor(x)
                .tensor(output)
                .optional(noise)
                .tensor(steps.rows())
                .tensor(steps.cursor())
                .int32(count)
                .int32(image(output.shape()))
                .int32(clip ? 1 : 0);
        kernel.launch(
                queue.stream(), blocks(count, BLOCK), extent("B", x.shape().dim(0)), 1, BLOCK, 1, 1, 0);
    }

    void cast(Tensor source, Tensor target) {
        long count = source.shape().elements();
        Kernel kernel = cast.of(source.dtype(), target.dtype());
        kernel.arguments().tensor(source).tensor(target).int64(count);
        kernel.launch(queue.stream(), blocks(count, CAST), BLOCK);
    }

    void advance(StepTable steps) {
        Kernel kernel = advance.of();
        kernel.arguments().tensor(steps.cursor());
        kernel.launch(queue.stream(), 1, 1);
    }

    /** Elements of one image. */
    private static int image(Shape shape) {
        return extent("an image", shape.elements() / shape.dim(0));
    }
}
