package dev.clusca.backend.cuda;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Enqueues each operation as the plainest kernels that compute it, {@code kernels/naive.cu}: the first rung of its ladder. What {@link CudaOps} computes in one kernel for two operations is two here,
 * and a pass over all layers is a launch for each module of each layer. Operations that it does not override have one kernel, which already is the plain one but for the number of bytes that a thread
 * loads at a time: embeddings, draws, copies of rows, the chain on representatives' rows, sampler updates, casts.
 */
final class NaiveOps extends CudaOps {
    /** Those that its operations use. */
    static final List<String> FAMILIES = Stream.concat(Kernels.FAMILIES.stream(), Stream.of(NaiveKernels.FAMILY))
            .toList();

    /** Those that it computes otherwise than {@link CudaOps}. */
    static final Set<String> OPERATIONS = Set.of(
            "gemm",
            "gemmResidual",
            "qkNormRope",
            "attention",
            "layerNormModulate",
            "ladderUpdate",
            "forecastResidual",
            "forecastPass",
            "prefixPass",
            "gemmLadder",
            "gemmPrefixUpdate",
            "prefixGatherNorm",
            "gemmRefresh",
            "kMeans",
            "convolve",
            "groupNorm");

    private final CudaQueue queue;
    private final NaiveKernels naive;
    private final NaiveClusters clusters;

    NaiveOps(CudaQueue queue, Kernels kernels, Scratch scratch, Staging staging) {
        super(queue, kernels, new ProductKernels(queue, kernels, scratch), scratch, staging);
        this.queue = queue;
        naive = new NaiveKernels(queue, kernels, scratch);
        clusters = new NaiveClusters(queue, kernels, scratch);
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        queue.submit("gemm", () -> naive.gemm(a, (CudaLinear) layer, activation, out));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        queue.submit("gemmResidual", () -> naive.gemmResidual(a, (CudaLinear) layer, modulation, gate, feature, x));
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        queue.submit("qkNormRope", () -> naive.qkNormRope(qkv, heads, queryScale, keyScale, epsilon, rotations));
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        queue.submit("attention", () -> naive.attention(qkv, heads, out));
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        queue.submit("layerNormModulate", () -> naive.layerNormModulate(x, modulation, shift, scale, epsilon, out));
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor planes, StepTable steps) {
        queue.submit("ladderUpdate", () -> naive.ladderUpdate(feature, planes, steps));
    }

    @Override
    public void forecastResidual(Tensor planes, Modulation modulation, int gate, Tensor x) {
        queue.submit("forecastResidual", () -> naive.forecastResidual(planes, modulation, gate, x));
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        for (int l = 0; l < layers.mlp().shape().size(0); l++) {
            forecastResidual(layers.attention().slice(l), layers.modulation(l), layers.attentionGate(), x);
            forecastResidual(layers.mlp().slice(l), layers.modulation(l), layers.mlpGate(), x);
        }
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        for (int l = 0; l < layers.mlp().shape().size(0); l++) {
            Tensor mlp = layers.mlp().slice(l);
            Modulation modulation = layers.modulation(l);
            forecastResidual(layers.attention().slice(l), modulation, layers.attentionGate(), x);
            gatherRows(x, state.representatives().slice(l), state.rows().slice(l));
            queue.submit(
                    "prefixPass",
                    () -> naive.forecastImplicit(
                            mlp, modulation, layers.mlpGate(), x, state.retained(), state.ratio()));
        }
    }

    @Override
    public void gemmLadder(
            Tensor a, Linear layer, Modulation modulation, int gate, Tensor feature, Tensor planes, Tensor x) {
        gemmResidual(a, layer, modulation, gate, feature, x);
        ladderUpdate(feature, planes, modulation.steps());
    }

    @Override
    public void gemmPrefixUpdate(
            Tensor a, Linear layer, Tensor feature, CachedLayers layers, PrefixState state, int index, Tensor x) {
        gemmResidual(a, layer, layers.modulation(index), layers.mlpGate(), feature, x);
        prefixUpdate(feature, layers, state, index);
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
        prefixGather(state, layer, gathered);
        layerNormModulate(gathered, modulation, shift, scale, epsilon, out);
    }

    @Override
    public void gemmRefresh(Tensor a, Linear linear, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        gemm(a, linear, Activation.NONE, fresh);
        prefixRefresh(fresh, layers, state, layer);
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        queue.submit("kMeans", () -> clusters.kMeans(x, options, centroids, labels, iterations));
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        queue.submit("convolve", () -> naive.convolve(x, (CudaLinear) layer, doubled, residual, out));
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        queue.submit("groupNorm", () -> naive.groupNorm(x, groups, weight, bias, epsilon, activation, out));
    }
}
