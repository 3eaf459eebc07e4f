package dev.clusca.cli.verify;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Operations that another object does; a test overrides the one in which it plants a fault. */
public class ForwardingOps implements Ops {
    private final Ops ops;

    public ForwardingOps(Ops ops) {
        this.ops = ops;
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        ops.patchEmbed(images, weight, bias, positions, patch, x);
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        ops.timestepFeatures(timesteps, shift, out);
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        ops.conditioning(time, table, labels, out);
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        ops.gemm(a, layer, activation, out);
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        ops.gemmResidual(a, layer, modulation, gate, feature, x);
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        ops.layerNormModulate(x, modulation, shift, scale, epsilon, out);
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        ops.qkNormRope(qkv, heads, queryScale, keyScale, epsilon, rotations);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        ops.attention(qkv, heads, out);
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        ops.ladderUpdate(feature, ladder, steps);
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        ops.forecastResidual(ladder, modulation, gate, x);
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        ops.forecastPass(layers, x);
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        ops.prefixMaterialise(layers, state);
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        ops.prefixPass(layers, state, x);
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        ops.prefixGather(state, layer, out);
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        ops.prefixRefresh(fresh, layers, state, layer);
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        ops.prefixClose(state, x);
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        ops.prefixUpdate(feature, layers, state, layer);
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        ops.kMeans(x, options, centroids, labels, iterations);
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        ops.drawFirstTokens(draws, count, tokens);
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        ops.drawRepresentatives(draws, labels, representatives);
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        ops.gatherRows(x, index, rows);
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        ops.scatterRows(rows, index, target);
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        ops.propagate(rows, index, labels, ratio, target);
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        ops.unpatchify(tokens, patch, images);
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        ops.guidance(output, scale, channels);
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        ops.ddimUpdate(x, output, noise, clip, steps);
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        ops.ddpmUpdate(x, output, noise, clip, steps);
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        ops.cast(source, target);
    }

    @Override
    public void advance(StepTable steps) {
        ops.advance(steps);
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        ops.convolve(x, layer, doubled, residual, out);
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        ops.groupNorm(x, groups, weight, bias, epsilon, activation, out);
    }
}
