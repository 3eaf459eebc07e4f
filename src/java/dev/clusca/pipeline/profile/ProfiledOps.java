package dev.clusca.pipeline.profile;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells a {@link Recorder} what each operation is and what it costs. A product is named with its extents, because layers differ in speed. */
final class ProfiledOps implements Ops {
    private final Recorder recorder;

    /** Takes operations. */
    interface Recorder {
        /** @param work enqueues the operation among others */
        void run(String operation, Cost cost, Consumer<Ops> work);

        /** A step is over. */
        void endStep();
    }

    ProfiledOps(Recorder recorder) {
        this.recorder = recorder;
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        // Rows take the images in turn, and equal rows need be computed but once.
        double rows = Math.min(x.shape().dim(0), images.shape().dim(0));
        double flops = 2.0
                * rows
                * x.shape().dim(1)
                * x.shape().dim(2)
                * weight.shape().dim(-1);
        recorder.run(
                "patchEmbed",
                Cost.of(flops, images, weight, bias, positions, x),
                ops -> ops.patchEmbed(images, weight, bias, positions, patch, x));
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        recorder.run(
                "timestepFeatures",
                Cost.of(2.0 * out.shape().elements(), timesteps, out),
                ops -> ops.timestepFeatures(timesteps, shift, out));
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        long rows =
                labels.shape().elements() * out.shape().dim(-1) * table.dtype().bytes();
        recorder.run(
                "conditioning",
                Cost.of(4.0 * out.shape().elements(), time, labels, out).plus(rows),
                ops -> ops.conditioning(time, table, labels, out));
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        recorder.run(
                product("gemm", layer, out),
                productCost(layer, rows(layer, out), a, out),
                ops -> ops.gemm(a, layer, activation, out));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        recorder.run(
                product("gemmResidual", layer, x),
                productCost(layer, rows(layer, x), a, x, feature).plus(x.bytes()),
                ops -> ops.gemmResidual(a, layer, modulation, gate, feature, x));
    }

    private static String product(String name, Linear layer, Tensor out) {
        return name + " " + rows(layer, out) + " x " + layer.inputs() + " x " + layer.outputs();
    }

    private static Cost productCost(Linear layer, long rows, @Nullable Tensor... tensors) {
        long weights = (long) layer.inputs() * layer.outputs() * layer.dtype().bytes();
        return Cost.of(2.0 * rows * layer.inputs() * layer.outputs(), tensors).plus(weights);
    }

    private static long rows(Linear layer, Tensor out) {
        return out.shape().elements() / layer.outputs();
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        recorder.run(
                "layerNormModulate",
                Cost.of(8.0 * x.shape().elements(), x, out),
                ops -> ops.layerNormModulate(x, modulation, shift, scale, epsilon, out));
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        long elements = qkv.shape().elements() / 3 * 2;
        double flops = (queryScale == null ? 0 : 4) + (rotations == null ? 0 : 3);
        recorder.run(
                "qkNormRope",
                Cost.of(flops * elements, queryScale, keyScale, rotations).plus(qkv.bytes() / 3 * 4),
                ops -> ops.qkNormRope(qkv, heads, queryScale, keyScale, epsilon, rotations));
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        double scores = (double) heads
                * out.shape().elements()
                / out.shape().dim(2)
                * out.shape().dim(1);
        double products = 4.0 * out.shape().elements() * out.shape().dim(1);
        recorder.run("attention", Cost.of(products + 4 * scores, qkv, out), ops -> ops.attention(qkv, heads, out));
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        recorder.run("ladderUpdate", updateCost(feature, ladder), ops -> ops.ladderUpdate(feature, ladder, steps));
    }

    /** All planes written, all but the last read. */
    private static Cost updateCost(@Nullable Tensor feature, Tensor ladder) {
        long planes = ladder.shape().dim(0);
        double elements = (double) ladder.shape().elements() / planes;
        return Cost.of(2 * (planes - 1) * elements, feature, ladder).plus(ladder.bytes() / planes * (planes - 1));
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        recorder.run(
                "forecastResidual",
                Cost.of(2.0 * (ladder.shape().elements() + x.shape().elements()), ladder, x, x),
                ops -> ops.forecastResidual(ladder, modulation, gate, x));
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        recorder.run("forecastPass", passCost(layers, x), ops -> ops.forecastPass(layers, x));
    }

    private static Cost passCost(CachedLayers layers, Tensor x) {
        double terms = 2.0 * 2 * layers.mlp().shape().elements();
        double gates = 4.0 * layers.mlp().shape().dim(0) * x.shape().elements();
        return Cost.of(terms + gates, layers.attention(), layers.mlp(), x, x);
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        recorder.run("prefixMaterialise", Cost.NONE, ops -> ops.prefixMaterialise(layers, state));
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        recorder.run(
                "prefixPass", passCost(layers, x).plus(state.rows().bytes()), ops -> ops.prefixPass(layers, state, x));
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        recorder.run(
                "prefixGather",
                Cost.of(out.shape().elements(), out, out, state.spread()),
                ops -> ops.prefixGather(state, layer, out));
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        recorder.run(
                "prefixRefresh",
                refreshCost(layers, state).plus(fresh.bytes()),
                ops -> ops.prefixRefresh(fresh, layers, state, layer));
    }

    /** U and S read and written, a correction written, and the representatives' rows of base read and written. */
    private static Cost refreshCost(CachedLayers layers, PrefixState state) {
        Tensor few = state.spread();
        long base = few.shape().elements() * layers.mlp().dtype().bytes();
        return Cost.of(12.0 * few.shape().elements(), few, few, few, few, few).plus(2 * base);
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        recorder.run(
                "prefixClose", Cost.of(x.shape().elements(), x, x, state.spread()), ops -> ops.prefixClose(state, x));
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        recorder.run(
                "prefixUpdate",
                updateCost(feature, layers.mlp().slice(layer)),
                ops -> ops.prefixUpdate(feature, layers, state, layer));
    }

    @Override
    public void gemmLadder(
            Tensor a, Linear layer, Modulation modulation, int gate, Tensor feature, Tensor ladder, Tensor x) {
        recorder.run(
                product("gemmLadder", layer, x),
                productCost(layer, rows(layer, x), a, x).plus(x.bytes()).plus(updateCost(null, ladder)),
                ops -> ops.gemmLadder(a, layer, modulation, gate, feature, ladder, x));
    }

    @Override
    public void gemmPrefixUpdate(
            Tensor a, Linear layer, Tensor feature, CachedLayers layers, PrefixState state, int index, Tensor x) {
        recorder.run(
                product("gemmPrefixUpdate", layer, x),
                productCost(layer, rows(layer, x), a, x)
                        .plus(x.bytes())
                        .plus(updateCost(null, layers.mlp().slice(index))),
                ops -> ops.gemmPrefixUpdate(a, layer, feature, layers, state, index, x));
    }

    /** What its operations cost one by one, but for rows, normalised rows and hidden features, which pass between them. */
    @Override
    public void prefixChain(
            MlpChain chain,
            CachedLayers layers,
            PrefixState state,
            Tensor rows,
            Tensor normed,
            Tensor hidden,
            Tensor fresh) {
        Cost cost = Cost.NONE;
        for (int layer = 0; layer < chain.layers(); layer++) {
            Linear fc1 = chain.fc1().get(layer);
            Linear fc2 = chain.fc2().get(layer);
            cost = cost.plus(Cost.of(9.0 * rows.shape().elements(), rows, state.spread()))
                    .plus(productCost(fc1, rows(fc1, hidden)))
                    .plus(productCost(fc2, rows(fc2, fresh)))
                    .plus(refreshCost(layers, state));
        }
        recorder.run(
                "prefixChain of " + chain.layers() + " layers",
                cost,
                ops -> ops.prefixChain(chain, layers, state, rows, normed, hidden, fresh));
    }

    @Override
    public void prefixGatherNorm(
            PrefixState state,
            int layer,
            Modulation modulation,
            int shift,
            int scale,
            float epsilon,
            Tensor rows,
            Tensor out) {
        recorder.run(
                "prefixGatherNorm",
                Cost.of(9.0 * out.shape().elements(), state.spread(), state.spread(), out),
                ops -> ops.prefixGatherNorm(state, layer, modulation, shift, scale, epsilon, rows, out));
    }

    @Override
    public void gemmRefresh(Tensor a, Linear linear, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        recorder.run(
                product("gemmRefresh", linear, fresh),
                productCost(linear, rows(linear, fresh), a).plus(refreshCost(layers, state)),
                ops -> ops.gemmRefresh(a, linear, fresh, layers, state, layer));
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        // How many iterations it takes is known to the device alone: the cost is that of one.
        double flops = 3.0 * x.shape().elements() * centroids.shape().dim(1)
                + x.shape().elements();
        recorder.run(
                "kMeans (bytes, FLOPs of one iteration)",
                Cost.of(flops, x, centroids, centroids, labels),
                ops -> ops.kMeans(x, options, centroids, labels, iterations));
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        recorder.run("drawFirstTokens", Cost.of(0, tokens), ops -> ops.drawFirstTokens(draws, count, tokens));
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        recorder.run(
                "drawRepresentatives",
                Cost.of(0, labels, representatives),
                ops -> ops.drawRepresentatives(draws, labels, representatives));
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        long read = rows.shape().elements() * x.dtype().bytes();
        recorder.run("gatherRows", Cost.of(0, rows, index).plus(read), ops -> ops.gatherRows(x, index, rows));
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        long written = rows.shape().elements() * target.dtype().bytes();
        recorder.run("scatterRows", Cost.of(0, rows, index).plus(written), ops -> ops.scatterRows(rows, index, target));
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        recorder.run(
                "propagate",
                Cost.of(3.0 * target.shape().elements(), rows, labels, target, target),
                ops -> ops.propagate(rows, index, labels, ratio, target));
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        recorder.run("unpatchify", Cost.of(0, tokens, images), ops -> ops.unpatchify(tokens, patch, images));
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        recorder.run("guidance", guidanceCost(output, channels), ops -> ops.guidance(output, scale, channels));
    }

    /** The guided channels alone, in both halves. */
    private static Cost guidanceCost(Tensor output, int channels) {
        long all = output.shape().dim(1);
        return new Cost(
                2 * output.bytes() / all * channels, 1.5 * output.shape().elements() / all * channels);
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        recorder.run(
                "ddimUpdate",
                Cost.of(8.0 * x.shape().elements(), x, x, x),
                ops -> ops.ddimUpdate(x, output, noise, clip, steps));
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        recorder.run(
                "ddpmUpdate",
                Cost.of(12.0 * x.shape().elements(), x, x, x, x, noise),
                ops -> ops.ddpmUpdate(x, output, noise, clip, steps));
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        recorder.run("cast", Cost.of(0, source, target), ops -> ops.cast(source, target));
    }

    @Override
    public void advance(StepTable steps) {
        recorder.run("advance", Cost.NONE, ops -> ops.advance(steps));
        recorder.endStep();
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        // Enlarged, results are sums of products of a pixel and a tap, which the four of a pixel share with their
        // neighbours.
        long rows = rows(layer, out);
        recorder.run(
                product("convolve", layer, out),
                productCost(layer, doubled ? rows / 4 : rows, x, out, residual),
                ops -> ops.convolve(x, layer, doubled, residual, out));
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        recorder.run(
                "groupNorm",
                Cost.of(8.0 * x.shape().elements(), x, weight, bias, out),
                ops -> ops.groupNorm(x, groups, weight, bias, epsilon, activation, out));
    }
}
