package dev.clusca.backend.reference;

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

/** Hands each operation to the class that knows its formula; arguments were checked before. */
final class ReferenceOps implements Ops {
    private final ImmediateQueue queue;
    private final Workers workers;

    ReferenceOps(ImmediateQueue queue, Workers workers) {
        this.queue = queue;
        this.workers = workers;
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        queue.run("patchEmbed", () -> Patches.embed(workers, images, weight, bias, positions, patch, x));
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        queue.run("timestepFeatures", () -> Conditions.timestepFeatures(timesteps, shift, out));
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        queue.run("conditioning", () -> Conditions.conditioning(time, table, labels, out));
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        queue.run("gemm", () -> Gemm.gemm(workers, a, (ReferenceLinear) layer, activation, out));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        queue.run(
                "gemmResidual",
                () -> Gemm.gemmResidual(workers, a, (ReferenceLinear) layer, modulation, gate, feature, x));
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        queue.run("layerNormModulate", () -> LayerNorm.run(workers, x, modulation, shift, scale, epsilon, out));
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        queue.run("qkNormRope", () -> QkNormRope.run(workers, qkv, heads, queryScale, keyScale, epsilon, rotations));
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        queue.run("attention", () -> Attention.run(workers, qkv, heads, out));
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        queue.run("ladderUpdate", () -> TaylorLadder.update(workers, feature, ladder, steps));
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        queue.run("forecastResidual", () -> TaylorLadder.forecast(workers, ladder, modulation, gate, x));
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        queue.run("forecastPass", () -> TaylorLadder.forecastAll(workers, layers, x));
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        queue.run("prefixMaterialise", () -> new PrefixOrder(layers.steps(), state).materialise(layers));
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        queue.run("prefixPass", () -> new PrefixOrder(layers.steps(), state).pass(workers, layers, x));
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        queue.run("prefixGather", () -> PrefixOrder.gather(state, layer, out));
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        queue.run("prefixRefresh", () -> new PrefixOrder(layers.steps(), state).refresh(fresh, layers, layer));
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        queue.run("prefixClose", () -> PrefixOrder.close(state, x));
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        queue.run("prefixUpdate", () -> new PrefixOrder(layers.steps(), state).update(workers, feature, layers, layer));
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        queue.run("kMeans", () -> KMeans.run(workers, x, options, centroids, labels, iterations));
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        queue.run("drawFirstTokens", () -> TokenDraws.firstTokens(draws, count, tokens));
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        queue.run("drawRepresentatives", () -> TokenDraws.representatives(draws, labels, representatives));
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        queue.run("gatherRows", () -> TokenRows.gather(x, index, rows));
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        queue.run("scatterRows", () -> TokenRows.scatter(rows, index, target));
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        queue.run("propagate", () -> TokenRows.propagate(rows, index, labels, ratio, target));
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        queue.run("unpatchify", () -> Patches.unpatchify(tokens, patch, images));
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        queue.run("guidance", () -> SamplerUpdates.guidance(output, scale, channels));
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        queue.run("ddimUpdate", () -> SamplerUpdates.ddim(x, output, noise, clip, steps));
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        queue.run("ddpmUpdate", () -> SamplerUpdates.ddpm(x, output, noise, clip, steps));
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        queue.run("cast", () -> {
            Floats from = new Floats(source);
            Floats to = new Floats(target);
            for (long i = 0; i < source.shape().elements(); i++) {
                to.set(i, from.get(i));
            }
        });
    }

    @Override
    public void advance(StepTable steps) {
        queue.run("advance", () -> {
            Ints cursor = new Ints(steps.cursor());
            cursor.set(0, cursor.get(0) + 1);
        });
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        queue.run("convolve", () -> Convolution.run(workers, x, (ReferenceLinear) layer, doubled, residual, out));
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        queue.run("groupNorm", () -> GroupNorm.run(workers, x, groups, weight, bias, epsilon, activation, out));
    }
}
