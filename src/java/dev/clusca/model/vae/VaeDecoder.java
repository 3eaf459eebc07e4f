package dev.clusca.model.vae;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The way from the latents of one image to a picture, with the activations that it needs. Nothing here waits.
 *
 * <p>The image between residual blocks is F32 in every model; activations between operations have the model's type. Images have channels innermost, {@code [1, h, w, C]}, but for
 * latents and picture.
 */
public final class VaeDecoder {
    private final VaeModel model;
    private final VaeConfig config;
    private final Ops ops;
    private final int height;
    private final int width;

    /** The image between residual blocks, and the one that takes its place where channels or extents change. */
    private Tensor image;

    private Tensor next;
    private final Tensor normed;
    private final Tensor hidden;

    /** The image in the model's type, where an operation multiplies it directly; a BF16 model needs one. */
    private final @Nullable Tensor rounded;

    private final Tensor colours;

    /** Who sees the image after each part of the decoder, as the parts are enqueued. */
    @FunctionalInterface
    public interface Stages {
        /**
         * A part is done.
         *
         * @param name {@code conv_in}, {@code mid_block}, {@code up_block0}, ..
         * @param image F32 {@code [1, h, w, C]}, until the next part
         */
        void done(String name, Tensor image);
    }

    /** The extents of the image at each of the decoder's parts. */
    private record Extents(long stream, long activation) {
        /** The largest that the decoder needs, in elements. */
        static Extents of(VaeConfig config, long pixels) {
            long stream = pixels * config.middleChannels();
            // Queries, keys and values of the middle block; the latents before the first convolution.
            long activation = pixels * Math.max(3L * config.middleChannels(), config.latentChannels());
            for (int block = 0; block < config.blocks(); block++) {
                long wide = Math.max(config.channelsInto(block), config.channels(block));
                stream = Math.max(stream, pixels * wide);
                activation = Math.max(activation, pixels * wide);
                if (block < config.blocks() - 1) {
                    pixels *= 4;
                    stream = Math.max(stream, pixels * config.channels(block));
                }
            }
            return new Extents(stream, activation);
        }
    }

    /**
     * @param height of the latents
     * @param width of the latents
     * @param arena holds the activations; shared, and open for as long as this object is used
     */
    public VaeDecoder(VaeModel model, int height, int width, Arena arena) {
        this.model = model;
        this.config = model.config();
        this.height = height;
        this.width = width;
        Backend backend = model.backend();
        ops = backend.ops();
        Extents extents = Extents.of(config, (long) height * width);
        image = backend.allocate(arena, DType.F32, Shape.of(extents.stream));
        next = backend.allocate(arena, DType.F32, Shape.of(extents.stream));
        normed = backend.allocate(arena, model.dtype(), Shape.of(extents.activation));
        hidden = backend.allocate(arena, model.dtype(), Shape.of(extents.activation));
        rounded = model.dtype() == DType.F32 ? null : backend.allocate(arena, model.dtype(), Shape.of(extents.stream));
        colours =
                backend.allocate(arena, DType.F32, Shape.of(1, pictureHeight(), pictureWidth(), config.outChannels()));
    }

    /** Height of the pictures. */
    public int pictureHeight() {
        return height * config.scale();
    }

    /** Width of the pictures. */
    public int pictureWidth() {
        return width * config.scale();
    }

    /**
     * Decodes one image.
     *
     * @param latents F32 {@code [1, c, h, w]}, divided by {@link VaeConfig#scalingFactor} already, and shifted
     * @param picture F32 {@code [1, 3, H, W]}: the result, around -1 to 1 and not clamped
     */
    public void decode(Tensor latents, Tensor picture) {
        decode(latents, picture, (_, _) -> {});
    }

    /** {@link #decode(Tensor, Tensor)} before the eyes of another. */
    public void decode(Tensor latents, Tensor picture, Stages stages) {
        long h = height;
        long w = width;
        int channels = config.latentChannels();
        Tensor entered = view(normed, 1, h * w, channels);
        ops.patchEmbed(latents, model.entryWeight(), model.entryBias(), null, 1, entered);
        int middle = config.middleChannels();
        ops.convolve(entered.reshape(1, h, w, channels), model.first(), false, null, view(image, 1, h, w, middle));
        stages.done("conv_in", view(image, 1, h, w, middle));

        residual(model.middle(0), h, w, middle, middle);
        VaeModel.Attention attention = model.attention();
        if (attention != null) {
            attend(attention, h, w, middle);
        }
        residual(model.middle(1), h, w, middle, middle);
        stages.done("mid_block", view(image, 1, h, w, middle));

        for (int block = 0; block < config.blocks(); block++) {
            VaeModel.Block layers = model.block(block);
            int outputs = config.channels(block);
            int inputs = config.channelsInto(block);
            for (VaeModel.Residual residual : layers.residuals()) {
                residual(residual, h, w, inputs, outputs);
                inputs = outputs;
            }
            Linear enlarge = layers.enlarge();
            if (enlarge != null) {
                ops.convolve(inType(h, w, outputs), enlarge, true, null, view(next, 1, 2 * h, 2 * w, outputs));
                swap();
                h *= 2;
                w *= 2;
            }
            stages.done("up_block" + block, view(image, 1, h, w, outputs));
        }

        int last = config.channels(config.blocks() - 1);
        Tensor finished = view(normed, 1, h, w, last);
        norm(view(image, 1, h, w, last), model.lastNorm(), Activation.SILU, finished);
        ops.convolve(finished, model.last(), false, null, colours);
        ops.unpatchify(colours.reshape(1, h * w, config.outChannels()), 1, picture);
    }

    /** {@code image = shortcut(image) + conv2(silu(norm2(conv1(silu(norm1(image))))))}. */
    private void residual(VaeModel.Residual layers, long h, long w, int inputs, int outputs) {
        Tensor in = view(image, 1, h, w, inputs);
        Tensor first = view(normed, 1, h, w, inputs);
        norm(in, layers.norm1(), Activation.SILU, first);
        Tensor second = view(hidden, 1, h, w, outputs);
        ops.convolve(first, layers.conv1(), false, null, second);
        norm(second, layers.norm2(), Activation.SILU, second);
        Linear shortcut = layers.shortcut();
        if (shortcut != null) {
            ops.convolve(inType(h, w, inputs), shortcut, false, null, view(next, 1, h, w, outputs));
            swap();
        }
        Tensor out = view(image, 1, h, w, outputs);
        ops.convolve(second, layers.conv2(), false, out, out);
    }

    /** {@code image += out(attention(norm(image)))}, one head, every pixel a token. */
    private void attend(VaeModel.Attention layers, long h, long w, int channels) {
        Tensor in = view(image, 1, h, w, channels);
        Tensor tokens = view(normed, 1, h, w, channels);
        norm(in, layers.norm(), Activation.NONE, tokens);
        Tensor qkv = view(hidden, 1, h * w, 3L * channels);
        ops.gemm(tokens.reshape(1, h * w, channels), layers.qkv(), Activation.NONE, qkv);
        ops.attention(qkv, 1, tokens.reshape(1, h * w, channels));
        ops.convolve(tokens, layers.out(), false, in, in);
    }

    private void norm(Tensor x, VaeModel.Norm norm, Activation activation, Tensor out) {
        ops.groupNorm(x, config.normGroups(), norm.weight(), norm.bias(), VaeConfig.NORM_EPSILON, activation, out);
    }

    /** The image as a layer takes it. */
    private Tensor inType(long h, long w, int channels) {
        Tensor in = view(image, 1, h, w, channels);
        if (rounded == null) {
            return in;
        }
        Tensor out = view(rounded, 1, h, w, channels);
        ops.cast(in, out);
        return out;
    }

    private void swap() {
        Tensor before = image;
        image = next;
        next = before;
    }

    /** The beginning of a buffer as a tensor. */
    private static Tensor view(Tensor buffer, long... extents) {
        Shape shape = Shape.of(extents);
        return buffer.rows(0, shape.elements()).reshape(shape);
    }
}
