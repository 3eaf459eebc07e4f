package dev.clusca.backend.cuda;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Enqueues each operation as the launch of one kernel, or of several where no kernel has a form for what it combines. Arguments were checked. */
class CudaOps implements Ops {
    private final CudaQueue queue;
    private final EmbedKernels embed;
    private final NormKernels norm;
    private final Gemm products;
    private final AttentionKernels attention;
    private final LadderKernels ladder;
    private final PrefixKernels prefix;
    private final ClusterKernels clusters;
    private final RowKernels rows;
    private final SamplerKernels sampler;
    private final DecoderKernels decoder;

    CudaOps(CudaQueue queue, Kernels kernels, Gemm products, Scratch scratch, Staging staging) {
        this.queue = queue;
        norm = new NormKernels(queue, kernels);
        this.products = products;
        attention = new AttentionKernels(queue, kernels);
        ladder = new LadderKernels(queue, kernels);
        prefix = new PrefixKernels(queue, kernels);
        clusters = new ClusterKernels(queue, kernels, scratch);
        rows = new RowKernels(queue, kernels);
        sampler = new SamplerKernels(queue, kernels);
        decoder = new DecoderKernels(queue, kernels, scratch);
        embed = new EmbedKernels(queue, kernels, scratch, staging, sampler);
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        queue.submit("patchEmbed", () -> embed.patchEmbed(images, weight, bias, positions, patch, x));
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        queue.submit("timestepFeatures", () -> embed.timestepFeatures(timesteps, shift, out));
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        queue.submit("conditioning", () -> embed.conditioning(time, table, labels, out));
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        queue.submit("gemm", () -> multiply(a, layer, new Epilogue.Activate(activation, out)));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        queue.submit(
                "gemmResidual",
                () -> multiply(
                        a, layer, new Epilogue.Residual("gemmResidual", modulation, gate, feature, x, null, null, 0)));
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        queue.submit("layerNormModulate", () -> norm.layerNormModulate(x, modulation, shift, scale, epsilon, out));
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        queue.submit("qkNormRope", () -> norm.qkNormRope(qkv, heads, queryScale, keyScale, epsilon, rotations));
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        int head = qkv.shape().size(2) / 3 / heads;
        if (head > DecoderKernels.WIDEST_HEAD) {
            throw new OperationMissingException("attention: heads are " + head
                    + " channels wide; the CUDA kernels take 1 to " + DecoderKernels.WIDEST_HEAD
                    + "; take more heads, or the cpu backend");
        }
        if (head > AttentionKernels.WIDEST) {
            queue.submit("attention", () -> decoder.attention(qkv, heads, out));
        } else {
            queue.submit("attention", () -> attention.attention(qkv, heads, out));
        }
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor planes, StepTable steps) {
        queue.submit("ladderUpdate", () -> ladder.ladderUpdate(feature, planes, steps));
    }

    @Override
    public void forecastResidual(Tensor planes, Modulation modulation, int gate, Tensor x) {
        queue.submit("forecastResidual", () -> ladder.forecastResidual(planes, modulation, gate, x));
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        queue.submit("forecastPass", () -> prefix.forecastPass(layers, x));
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        queue.submit("prefixMaterialise", () -> prefix.materialise(layers, state));
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        queue.submit("prefixPass", () -> prefix.pass(layers, state, x));
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        queue.submit("prefixGather", () -> prefix.gather(state, layer, out));
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        queue.submit("prefixRefresh", () -> prefix.refresh(fresh, layers, state, layer));
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        queue.submit("prefixClose", () -> prefix.close(state, x));
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        queue.submit("prefixUpdate", () -> prefix.update(feature, layers, state, layer));
    }

    @Override
    public void gemmLadder(
            Tensor a, Linear layer, Modulation modulation, int gate, Tensor feature, Tensor planes, Tensor x) {
        queue.submit(
                "gemmLadder",
                () -> multiply(
                        a, layer, new Epilogue.Residual("gemmLadder", modulation, gate, null, x, planes, null, 0)));
    }

    @Override
    public void gemmPrefixUpdate(
            Tensor a, Linear layer, Tensor feature, CachedLayers layers, PrefixState state, int index, Tensor x) {
        queue.submit(
                "gemmPrefixUpdate",
                () -> multiply(
                        a,
                        layer,
                        new Epilogue.Residual(
                                "gemmPrefixUpdate",
                                layers.modulation(index),
                                layers.mlpGate(),
                                null,
                                x,
                                layers.mlp().slice(index),
                                state,
                                index)));
    }

    @Override
    public void prefixGatherNorm(
            PrefixState state,
            int layer,
            Modulation modulation,
            int shift,
            int scale,
            float epsilon,
            Tensor gathered,
            Tensor out) {
        if (PrefixKernels.gathersAndNorms(state)) {
            queue.submit(
                    "prefixGatherNorm", () -> prefix.gatherNorm(state, layer, modulation, shift, scale, epsilon, out));
        } else {
            Ops.super.prefixGatherNorm(state, layer, modulation, shift, scale, epsilon, gathered, out);
        }
    }

    /** {@link dev.clusca.backend.Backend#hasPrefixChain}. */
    boolean hasPrefixChain(MlpChain chain, CachedLayers layers, PrefixState state) {
        return false;
    }

    @Override
    public void gemmRefresh(Tensor a, Linear linear, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        queue.submit("gemmRefresh", () -> multiply(a, linear, new Epilogue.Refresh(layers, state, layer)));
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        queue.submit("kMeans", () -> clusters.kMeans(x, options, centroids, labels, iterations));
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        queue.submit("drawFirstTokens", () -> clusters.drawFirstTokens(draws, count, tokens));
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        queue.submit("drawRepresentatives", () -> clusters.drawRepresentatives(draws, labels, representatives));
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor gathered) {
        queue.submit("gatherRows", () -> rows.gatherRows(x, index, gathered));
    }

    @Override
    public void scatterRows(Tensor source, Tensor index, Tensor target) {
        queue.submit("scatterRows", () -> rows.scatterRows(source, index, target));
    }

    @Override
    public void propagate(Tensor source, Tensor index, Tensor labels, float ratio, Tensor target) {
        queue.submit("propagate", () -> rows.propagate(source, index, labels, ratio, target));
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        queue.submit("unpatchify", () -> embed.unpatchify(tokens, patch, images));
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        queue.submit("guidance", () -> sampler.guidance(output, scale, channels));
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        queue.submit("ddimUpdate", () -> sampler.ddimUpdate(x, output, noise, clip, steps));
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        queue.submit("ddpmUpdate", () -> sampler.ddpmUpdate(x, output, noise, clip, steps));
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        queue.submit("cast", () -> sampler.cast(source, target));
    }

    @Override
    public void advance(StepTable steps) {
        queue.submit("advance", () -> sampler.advance(steps));
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        queue.submit("convolve", () -> decoder.convolve(x, (CudaLinear) layer, doubled, residual, out));
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        queue.submit("groupNorm", () -> decoder.groupNorm(x, groups, weight, bias, epsilon, activation, out));
    }

    private void multiply(Tensor a, Linear layer, Epilogue epilogue) {
        products.multiply(a, (CudaLinear) layer, epilogue);
    }
}
