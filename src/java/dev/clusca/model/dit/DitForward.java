package dev.clusca.model.dit;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.checkpoint.DitConfig;
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
    private final Tensor x;
    private final Tensor normed;
    private final Tensor qkv;
    private final Tensor attended;
    private final Tensor hidden;
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
        x = backend.allocate(arena, DType.F32, Shape.of(rows, n, c.hiddenSize()));
        normed = backend.allocate(arena, type, Shape.of(rows, n, c.hiddenSize()));
        qkv = backend.allocate(arena, type, Shape.of(rows, n, 3L * c.hiddenSize()));
        attended = backend.allocate(arena, type, Shape.of(rows, n, c.hiddenSize()));
        hidden = backend.allocate(arena, type, Shape.of(rows, n, c.mlpWidth()));
        tokens = backend.allocate(
                arena, DType.F32, Shape.of(rows, n, (long) c.patchSize() * c.patchSize() * c.outChannels()));
    }

    public DitModel model() {
        return model;
    }

    /** The residual stream, F32 {@code [R, N, C]}. */
    public Tensor x() {
        return x;
    }

    /** {@code x = } the embedded patches of the images, F32 {@code [B, channels, h, w]}, R a multiple of B. */
    public void embed(Tensor images) {
        ops.patchEmbed(
                images,
                model.patchWeight(),
                model.patchBias(),
                model.positions(),
                model.config().patchSize(),
                x);
    }

    /**
     * {@code x += gate * attention(LN(x) modulated)}.
     *
     * @param feature takes the attention's output before the gate, float {@code [R, N, C]}, or null
     */
    public void attention(int layer, @Nullable Tensor feature) {
        attend(layer);
        ops.gemmResidual(
                attended,
                model.block(layer).proj(),
                modulations.layer(layer),
                DitModulations.GATE_ATTENTION,
                feature,
                x);
    }

    /**
     * {@link #attention(int, Tensor)}, whose output a ladder takes in.
     *
     * @param feature F32 {@code [R, N, C]}, working memory
     * @param ladder float {@code [order + 1, R, N, C]}
     */
    public void attention(int layer, Tensor feature, Tensor ladder) {
        attend(layer);
        ops.gemmLadder(
                attended,
                model.block(layer).proj(),
                modulations.layer(layer),
                DitModulations.GATE_ATTENTION,
                feature,
                ladder,
                x);
    }

    /** The attention's output before its projection. */
    private void attend(int layer) {
        ops.layerNormModulate(
                x,
                modulations.layer(layer),
                DitModulations.SHIFT_ATTENTION,
                DitModulations.SCALE_ATTENTION,
                NORM_EPSILON,
                normed);
        ops.gemm(normed, model.block(layer).qkv(), Activation.NONE, qkv);
        ops.attention(qkv, model.config().numHeads(), attended);
    }

    /**
     * {@code x += gate * MLP(LN(x) modulated)}.
     *
     * @param feature takes the MLP's output before the gate, float {@code [R, N, C]}, or null
     */
    public void mlp(int layer, @Nullable Tensor feature) {
        hide(layer);
        ops.gemmResidual(
                hidden, model.block(layer).fc2(), modulations.layer(layer), DitModulations.GATE_MLP, feature, x);
    }

    /** {@link #mlp(int, Tensor)}, whose output a ladder takes in; as {@link #attention(int, Tensor, Tensor)}. */
    public void mlp(int layer, Tensor feature, Tensor ladder) {
        hide(layer);
        ops.gemmLadder(
                hidden,
                model.block(layer).fc2(),
                modulations.layer(layer),
                DitModulations.GATE_MLP,
                feature,
                ladder,
                x);
    }

    /** {@link #mlp(int, Tensor)}, whose output is taken in by a ladder with an implicit order 0. */
    public void mlp(int layer, Tensor feature, CachedLayers layers, PrefixState state) {
        hide(layer);
        ops.gemmPrefixUpdate(hidden, model.block(layer).fc2(), feature, layers, state, layer, x);
    }

    /** The MLP's hidden features. */
    private void hide(int layer) {
        ops.layerNormModulate(
                x, modulations.layer(layer), DitModulations.SHIFT_MLP, DitModulations.SCALE_MLP, mlpEpsilon(), normed);
        ops.gemm(normed, model.block(layer).fc1(), Activation.GELU_TANH, hidden);
    }

    /**
     * A layer's MLP for the representatives of a cached step in prefix order, and what follows from it.
     *
     * @param rows F32 {@code [R, K, C]}, working memory
     * @param fresh F32 {@code [R, K, C]}, working memory
     */
    public void refresh(int layer, CachedLayers layers, PrefixState state, Tensor rows, Tensor fresh) {
        DitModel.Block block = model.block(layer);
        Tensor few = firstTokens(normed, rows.shape().dim(1));
        Tensor wide = firstTokens(hidden, rows.shape().dim(1));
        ops.prefixGatherNorm(
                state,
                layer,
                modulations.layer(layer),
                DitModulations.SHIFT_MLP,
                DitModulations.SCALE_MLP,
                mlpEpsilon(),
                rows,
                few);
        ops.gemm(few, block.fc1(), Activation.GELU_TANH, wide);
        ops.gemmRefresh(wide, block.fc2(), fresh, layers, state, layer);
    }

    /**
     * The MLP of some tokens alone: {@code out = MLP(LN(rows) modulated)}, before the gate.
     *
     * @param rows float {@code [R, K, C]}, K at most N
     * @param out float {@code [R, K, C]}
     */
    public void mlpOf(int layer, Tensor rows, Tensor out) {
        DitModel.Block block = model.block(layer);
        Tensor few = firstTokens(normed, rows.shape().dim(1));
        Tensor wide = firstTokens(hidden, rows.shape().dim(1));
        ops.layerNormModulate(
                rows, modulations.layer(layer), DitModulations.SHIFT_MLP, DitModulations.SCALE_MLP, mlpEpsilon(), few);
        ops.gemm(few, block.fc1(), Activation.GELU_TANH, wide);
        ops.gemm(wide, block.fc2(), Activation.NONE, out);
    }

    /** {@code x += gate * forecast} of a layer's attention, from its ladder {@code [terms, R, N, C]}. */
    public void forecastAttention(int layer, Tensor ladder) {
        ops.forecastResidual(ladder, modulations.layer(layer), DitModulations.GATE_ATTENTION, x);
    }

    /** {@code x += gate * forecast} of a layer's MLP. */
    public void forecastMlp(int layer, Tensor ladder) {
        ops.forecastResidual(ladder, modulations.layer(layer), DitModulations.GATE_MLP, x);
    }

    /** The gates of all layers beside ladders of their modules, {@code [L, order + 1, R, N, C]} each, that the caller keeps. */
    public CachedLayers cachedLayers(Tensor attention, Tensor mlp) {
        return modulations.cachedLayers(attention, mlp);
    }

    /** {@code x +=} the forecasts of all layers' modules, one after the other. */
    public void forecastAll(CachedLayers layers) {
        ops.forecastPass(layers, x);
    }

    /** {@code output = unpatchify(linear(LN(x) modulated))}, F32 {@code [R, output channels, h, w]}. */
    public void finish(Tensor output) {
        ops.layerNormModulate(
                x, modulations.last(), DitModulations.SHIFT_FINAL, DitModulations.SCALE_FINAL, NORM_EPSILON, normed);
        ops.gemm(normed, model.last(), Activation.NONE, tokens);
        ops.unpatchify(tokens, model.config().patchSize(), output);
    }

    /** The final layer's output before it is put back into images, F32 {@code [R, N, patch * patch * output channels]}. */
    public Tensor finalTokens() {
        return tokens;
    }

    private float mlpEpsilon() {
        return (float) model.config().mlpNormEpsilon();
    }

    /** The memory of {@code [R, N, C]} seen as {@code [R, K, C]}, K at most N: fewer tokens need no buffer of their own. */
    private static Tensor firstTokens(Tensor full, long count) {
        Shape s = full.shape();
        Tensor flat = full.reshape(s.dim(0) * s.dim(1), s.dim(2)).rows(0, s.dim(0) * count);
        return flat.reshape(s.dim(0), count, s.dim(2));
    }
}
