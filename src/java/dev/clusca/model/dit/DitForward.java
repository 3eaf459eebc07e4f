package dev.clusca.model.dit;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.Ops;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The parts of one forward pass over a batch, with the activations they need; whoever calls them decides which parts of a step are computed. A plain evaluation is
 * {@link #embed}, then {@link #attention} and {@link #mlp} of every layer, then {@link #finish}.
 *
 * <p>The residual stream is F32 in every run; activations between operations have the model's type. Nothing here waits.
 */
public final class DitForward {
    private static final float NORM_EPSILON = (float) DitConfig.NORM_EPSILON;

    private final DitModel model;
    private final DitModulations modulations;
    private final Ops ops;
    private final TokenStream stream;
    private final Tensor normed;
    private final Tensor qkv;
    private final Tensor attended;
    private final Tensor tokens;

    /**
     * @param rows R, batch rows, as many as {@code modulations} has
     * @param arena holds the activations; shared, and open for as long as this object is used
     */
    public DitForward(DitModel model, DitModulations modulations, int rows, Arena arena) {
        this.model = model;
        this.modulations = modulations;
        Backend backend = model.backend();
        this.ops = backend.ops();
        DitConfig c = model.config();
        DType type = model.dtype();
        int n = c.tokens();
        Tensor x = backend.allocate(arena, DType.F32, Shape.of(rows, n, c.hiddenSize()));
        normed = backend.allocate(arena, type, Shape.of(rows, n, c.hiddenSize()));
        qkv = backend.allocate(arena, type, Shape.of(rows, n, 3L * c.hiddenSize()));
        attended = backend.allocate(arena, type, Shape.of(rows, n, c.hiddenSize()));
        Tensor hidden = backend.allocate(arena, type, Shape.of(rows, n, c.mlpWidth()));
        tokens = backend.allocate(
                arena, DType.F32, Shape.of(rows, n, (long) c.patchSize() * c.patchSize() * c.outChannels()));
        stream = new TokenStream(
                backend,
                model.streamBlocks(),
                new TokenStream.Norms(NORM_EPSILON, (float) c.mlpNormEpsilon()),
                modulations.layers(),
                x,
                normed,
                hidden);
    }

    /** The tokens on their way through the blocks. */
    public TokenStream stream() {
        return stream;
    }

    /** {@code x = } the embedded patches of the images, F32 {@code [B, channels, h, w]}, R a multiple of B. */
    public void embed(Tensor images) {
        ops.patchEmbed(
                images,
                model.patchWeight(),
                model.patchBias(),
                model.positions(),
                model.config().patchSize(),
                stream.x());
    }

    /**
     * {@code x += gate * attention(LN(x) modulated)}.
     *
     * @param feature takes the attention's output before the gate, float {@code [R, N, C]}, or null
     */
    public void attention(int layer, @Nullable Tensor feature) {
        stream.addAttention(layer, attend(layer), feature);
    }

    /** What {@link TokenStream#addAttention} takes: the attention's output before its projection, {@code [R, N, C]} of the model's type, valid until the next layer's. */
    public Tensor attend(int layer) {
        ops.gemm(stream.normForAttention(layer), model.block(layer).qkv(), Activation.NONE, qkv);
        ops.attention(qkv, model.config().numHeads(), attended);
        return attended;
    }

    /**
     * {@code x += gate * MLP(LN(x) modulated)}.
     *
     * @param feature takes the MLP's output before the gate, float {@code [R, N, C]}, or null
     */
    public void mlp(int layer, @Nullable Tensor feature) {
        stream.mlp(layer, feature);
    }

    /** {@code output = unpatchify(linear(LN(x) modulated))}, F32 {@code [R, output channels, h, w]}. */
    public void finish(Tensor output) {
        ops.layerNormModulate(
                stream.x(),
                modulations.last(),
                DitModulations.SHIFT_FINAL,
                DitModulations.SCALE_FINAL,
                NORM_EPSILON,
                normed);
        ops.gemm(normed, model.last(), Activation.NONE, tokens);
        ops.unpatchify(tokens, model.config().patchSize(), output);
    }

    /** The final layer's output before it is put back into images, F32 {@code [R, N, patch * patch * output channels]}. */
    public Tensor finalTokens() {
        return tokens;
    }
}
