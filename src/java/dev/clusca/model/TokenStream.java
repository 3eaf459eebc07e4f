package dev.clusca.model;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stream of tokens on its way through a model's blocks: what a block does to it apart from attention itself, where streams may meet. DiT has one stream; FLUX's double blocks have one of
 * the image and one of the text. Whoever calls the parts decides which of them a step computes; nothing here waits.
 *
 * <p>The residual stream is F32 in every run; activations between operations have the model's type.
 */
public final class TokenStream {
    private final Backend backend;
    private final Ops ops;
    private final List<Block> blocks;
    private final Norms norms;
    private final LayerModulations modulations;
    private final Tensor x;
    private final Tensor normed;
    private final Tensor hidden;
    private final MlpChain chain;

    /**
     * A block's linear layers that belong to one stream alone.
     *
     * @param proj of attention's output
     * @param fc1 the MLP's first layer, a GELU behind it
     * @param fc2 the MLP's second layer
     */
    public record Block(Linear proj, Linear fc1, Linear fc2) {}

    /** Epsilon of the LayerNorm before attention, and of that before the MLP. */
    public record Norms(float attention, float mlp) {}

    /**
     * @param modulations of as many layers as there are blocks
     * @param x the residual stream, F32 {@code [R, N, C]}
     * @param normed working memory of the model's type, {@code [R, N, C]}; streams that are computed one after the other may share it
     * @param hidden working memory of the model's type, {@code [R, N, MLP width]}
     */
    public TokenStream(
            Backend backend,
            List<Block> blocks,
            Norms norms,
            LayerModulations modulations,
            Tensor x,
            Tensor normed,
            Tensor hidden) {
        this.backend = backend;
        this.ops = backend.ops();
        this.blocks = List.copyOf(blocks);
        this.norms = norms;
        this.modulations = modulations;
        this.x = x;
        this.normed = normed;
        this.hidden = hidden;
        this.chain = new MlpChain(
                blocks.stream().map(Block::fc1).toList(),
                blocks.stream().map(Block::fc2).toList(),
                LayerModulations.SHIFT_MLP,
                LayerModulations.SCALE_MLP,
                norms.mlp);
    }

    public Backend backend() {
        return backend;
    }

    /** The type of activations between operations. */
    public DType dtype() {
        return normed.dtype();
    }

    /** Number of blocks. */
    public int layers() {
        return blocks.size();
    }

    /** The residual stream, F32 {@code [R, N, C]}. */
    public Tensor x() {
        return x;
    }

    /** {@code LN(x)} modulated, which attention's queries, keys and values are made from: {@code [R, N, C]} of the model's type, valid until the next part is computed. */
    public Tensor normForAttention(int layer) {
        ops.layerNormModulate(
                x,
                modulations.layer(layer),
                LayerModulations.SHIFT_ATTENTION,
                LayerModulations.SCALE_ATTENTION,
                norms.attention,
                normed);
        return normed;
    }

    /**
     * {@code x += gate * proj(attended)}.
     *
     * @param attended what attention gave, {@code [R, N, C]} of the model's type
     * @param feature takes the module's output before the gate, float {@code [R, N, C]}, or null
     */
    public void addAttention(int layer, Tensor attended, @Nullable Tensor feature) {
        ops.gemmResidual(
                attended,
                blocks.get(layer).proj,
                modulations.layer(layer),
                LayerModulations.GATE_ATTENTION,
                feature,
                x);
    }

    /**
     * {@link #addAttention(int, Tensor, Tensor)}, whose output a ladder takes in.
     *
     * @param feature F32 {@code [R, N, C]}, working memory
     * @param ladder float {@code [order + 1, R, N, C]}
     */
    public void addAttention(int layer, Tensor attended, Tensor feature, Tensor ladder) {
        ops.gemmLadder(
                attended,
                blocks.get(layer).proj,
                modulations.layer(layer),
                LayerModulations.GATE_ATTENTION,
                feature,
                ladder,
                x);
    }

    /**
     * {@code x += gate * MLP(LN(x) modulated)}.
     *
     * @param feature takes the MLP's output before the gate, float {@code [R, N, C]}, or null
     */
    public void mlp(int layer, @Nullable Tensor feature) {
        hide(layer);
        ops.gemmResidual(
                hidden, blocks.get(layer).fc2, modulations.layer(layer), LayerModulations.GATE_MLP, feature, x);
    }

    /** {@link #mlp(int, Tensor)}, whose output a ladder takes in; as {@link #addAttention(int, Tensor, Tensor, Tensor)}. */
    public void mlp(int layer, Tensor feature, Tensor ladder) {
        hide(layer);
        ops.gemmLadder(
                hidden, blocks.get(layer).fc2, modulations.layer(layer), LayerModulations.GATE_MLP, feature, ladder, x);
    }

    /** {@link #mlp(int, Tensor)}, whose output is taken in by a ladder with an implicit order 0. */
    public void mlp(int layer, Tensor feature, CachedLayers layers, PrefixState state) {
        hide(layer);
        ops.gemmPrefixUpdate(hidden, blocks.get(layer).fc2, feature, layers, state, layer, x);
    }

    /** The MLP's hidden features. */
    private void hide(int layer) {
        ops.layerNormModulate(
                x, modulations.layer(layer), LayerModulations.SHIFT_MLP, LayerModulations.SCALE_MLP, norms.mlp, normed);
        ops.gemm(normed, blocks.get(layer).fc1, Activation.GELU_TANH, hidden);
    }

    /**
     * All layers' MLPs for the representatives of a cached step in prefix order, and what follows from them: in one operation where the backend has a kernel for that.
     *
     * @param rows F32 {@code [R, K, C]}, working memory
     * @param fresh F32 {@code [R, K, C]}, working memory
     */
    public void refresh(CachedLayers layers, PrefixState state, Tensor rows, Tensor fresh) {
        Tensor few = firstTokens(normed, rows.shape().dim(1));
        Tensor wide = firstTokens(hidden, rows.shape().dim(1));
        if (backend.hasPrefixChain(chain, layers, state)) {
            ops.prefixChain(chain, layers, state, rows, few, wide, fresh);
        } else {
            chain.oneByOne(ops, layers, state, rows, few, wide, fresh);
        }
    }

    /**
     * The MLP of some tokens alone: {@code out = MLP(LN(rows) modulated)}, before the gate.
     *
     * @param rows float {@code [R, K, C]}, K at most N
     * @param out float {@code [R, K, C]}
     */
    public void mlpOf(int layer, Tensor rows, Tensor out) {
        Block block = blocks.get(layer);
        Tensor few = firstTokens(normed, rows.shape().dim(1));
        Tensor wide = firstTokens(hidden, rows.shape().dim(1));
        ops.layerNormModulate(
                rows, modulations.layer(layer), LayerModulations.SHIFT_MLP, LayerModulations.SCALE_MLP, norms.mlp, few);
        ops.gemm(few, block.fc1, Activation.GELU_TANH, wide);
        ops.gemm(wide, block.fc2, Activation.NONE, out);
    }

    /** {@code x += gate * forecast} of a layer's attention, from its ladder {@code [terms, R, N, C]}. */
    public void forecastAttention(int layer, Tensor ladder) {
        ops.forecastResidual(ladder, modulations.layer(layer), LayerModulations.GATE_ATTENTION, x);
    }

    /** {@code x += gate * forecast} of a layer's MLP. */
    public void forecastMlp(int layer, Tensor ladder) {
        ops.forecastResidual(ladder, modulations.layer(layer), LayerModulations.GATE_MLP, x);
    }

    /** The gates of all layers beside ladders of their modules, {@code [L, order + 1, R, N, C]} each, that the caller keeps. */
    public CachedLayers cachedLayers(Tensor attention, Tensor mlp) {
        return modulations.cached(attention, mlp);
    }

    /** {@code x +=} the forecasts of all layers' modules, one after the other. */
    public void forecastAll(CachedLayers layers) {
        ops.forecastPass(layers, x);
    }

    /** The memory of {@code [R, N, C]} seen as {@code [R, K, C]}, K at most N: fewer tokens need no buffer of their own. */
    private static Tensor firstTokens(Tensor full, long count) {
        Shape s = full.shape();
        Tensor flat = full.reshape(s.dim(0) * s.dim(1), s.dim(2)).rows(0, s.dim(0) * count);
        return flat.reshape(s.dim(0), count, s.dim(2));
    }
}
