package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/embed.cu}: entering and leaving the model. */
final class EmbedKernels {
    private static final int BLOCK = 256;
    /** Tokens that a block of patch_embed embeds. */
    private static final int TOKENS = 16;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Staging staging;
    private final SamplerKernels casts;
    private final Kernels.Typed patchEmbed;
    private final Kernels.Typed timestepFeatures;
    private final Kernels.Typed conditioning;
    private final Kernels.Typed unpatchify;
    private final Map<Frequencies, Tensor> frequencies = new HashMap<>();

    EmbedKernels(CudaQueue queue, Kernels kernels, Scratch scratch, Staging staging, SamplerKernels casts) {
        this.queue = queue;
        this.scratch = scratch;
        this.staging = staging;
        this.casts = casts;
        patchEmbed = kernels.typed(
                "embed",
                "patch_embed",
                "const f32* images",
                "const A* weight",
                "const A* bias",
                "const f32* positions",
                "B* x",
                "s32 R",
                "s32 N",
                "s32 C",
                "s32 channels",
                "s32 height",
                "s32 width",
                "s32 patch");
        timestepFeatures = kernels.typed(
                "embed",
                "timestep_features",
                "const f32* timesteps",
                "const f32* frequencies",
                "A* out",
                "s32 S",
                "s32 half");
        conditioning = kernels.typed(
                "embed",
                "conditioning",
                "const A* time",
                "const B* table",
                "const s32* labels",
                "C* out",
                "s32 S",
                "s32 D",
                "s32 C",
                "s32 classes");
        unpatchify = kernels.typed(
                "embed",
                "unpatchify",
                "const A* tokens",
                "f32* images",
                "s32 channels",
                "s32 height",
                "s32 width",
                "s32 patch");
    }

    void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        Tensor sameWeight = weight;
        Tensor sameBias = bias;
        if (weight.dtype() != bias.dtype()) {
            // The kernel takes both in one type; widening changes no value.
            Tensor narrow = weight.dtype() == DType.BF16 ? weight : bias;
            long count = narrow.shape().elements();
            Tensor wide = scratch.floats("patchEmbed", count).rows(0, count).reshape(narrow.shape());
            casts.cast(narrow, wide);
            sameWeight = narrow == weight ? wide : weight;
            sameBias = narrow == bias ? wide : bias;
        }
        Shape image = images.shape();
        Shape out = x.shape();
        Kernel kernel = patchEmbed.of(sameWeight.dtype(), x.dtype());
        kernel.arguments()
                .tensor(images)
                .tensor(sameWeight)
                .tensor(sameBias)
                .optional(positions)
                .tensor(x)
                .int32(extent("R", out.dim(0)))
                .int32(extent("N", out.dim(1)))
                .int32(extent("C", out.dim(2)))
                .int32(extent("channels", image.dim(1)))
                .int32(extent("the height", image.dim(2)))
                .int32(extent("the width", image.dim(3)))
                .int32(patch);
        kernel.launch(
                queue.stream(),
                blocks(out.dim(2), BLOCK),
                blocks(out.dim(1), TOKENS),
                extent("B", image.dim(0)),
                BLOCK,
                1,
                1,
                0);
    }

    void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        int half = extent("F / 2", out.shape().dim(1) / 2);
        Kernel kernel = timestepFeatures.of(out.dtype());
        kernel.arguments()
                .tensor(timesteps)
                .tensor(frequencies(new Frequencies(half, shift)))
                .tensor(out)
                .int32(extent("S", out.shape().dim(0)))
                .int32(half);
        kernel.launch(queue.stream(), blocks(out.shape().dim(0) * half, BLOCK), BLOCK);
    }

    private Tensor frequencies(Frequencies key) {
        Tensor known = frequencies.get(key);
        if (known == null) {
            known = scratch.kept("timestepFeatures", DType.F32, Shape.of(key.half()));
            staging.write(known, key.values());
            frequencies.put(key, known);
        }
        return known;
    }

    void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        Shape shape = out.shape();
        int count = extent("S D C", shape.elements());
        Kernel kernel = conditioning.of(time.dtype(), table.dtype(), out.dtype());
        kernel.arguments()
                .tensor(time)
                .tensor(table)
                .tensor(labels)
                .tensor(out)
                .int32(shape.size(0))
                .int32(shape.size(1))
                .int32(shape.size(2))
                .int32(extent("the number of classes", table.shape().dim(0)));
        kernel.launch(queue.stream(), blocks(count, BLOCK), BLOCK);
    }

    void unpatchify(Tensor tokens, int patch, Tensor images) {
        Shape shape = images.shape();
        int elements = extent("an image", shape.elements() / shape.dim(0));
        Kernel kernel = unpatchify.of(tokens.dtype());
        kernel.arguments()
                .tensor(tokens)
                .tensor(images)
                .int32(shape.size(1))
                .int32(shape.size(2))
                .int32(shape.size(3))
                .int32(patch);
        kernel.launch(queue.stream(), blocks(elements, 4 * BLOCK), extent("R", shape.dim(0)), 1, BLOCK, 1, 1, 0);
    }
}
