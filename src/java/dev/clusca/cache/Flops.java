package dev.clusca.cache;

import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FluxConfig;
import java.util.List;

/**
 * Floating-point operations of a run, in two columns.
 *
 * <p>{@code published} is the papers' counting, digits as printed (23.74 T for 50 steps of DiT-XL/2 with 2 rows): what the ClusCa and TaylorSeer code's own counter adds
 * up, which leaves out embedders, final layer, Taylor arithmetic and k-means, and counts adaLN once per multiply-add.
 *
 * <p>{@code executed} is what this library runs: 2 per multiply-add of every linear layer, patch embedding and attention product, plus the element-wise arithmetic of norms,
 * softmax, ladders and forecasts, cached steps in the order of {@link StepOrder#PREFIX_PASS}; modulations once a run instead of once a step. k-means is apart ({@link #kMeansIteration}), because its number of
 * iterations depends on the data.
 *
 * @param publishedFull per full step
 * @param publishedCached per cached step
 * @param executedFull per full step
 * @param executedCached per cached step
 * @param executedOnce per run: timestep embedding and modulations
 * @param kMeansIteration per iteration of clustering all rows; 0 without clusters
 * @param fullSteps number of full steps
 * @param cachedSteps number of cached steps
 */
public record Flops(
        double publishedFull,
        double publishedCached,
        double executedFull,
        double executedCached,
        double executedOnce,
        double kMeansIteration,
        int fullSteps,
        int cachedSteps) {

    /**
     * Counts a run.
     *
     * @param rows batch rows, guidance counted: 2 for one image with guidance
     * @param conditions distinct labels of the run, the null class counted
     */
    public static Flops of(DitConfig config, CachePolicy policy, int steps, int rows, int conditions) {
        policy.checkFits(config.tokens());
        List<StepKind> kinds = policy.kinds(steps);
        int full = (int) kinds.stream().filter(k -> k == StepKind.FULL).count();
        Counter counter = new Counter(config, policy, rows);
        return new Flops(
                counter.publishedFull(),
                counter.publishedCached(),
                counter.executedFull(),
                counter.executedCached(),
                counter.executedOnce(steps, conditions),
                counter.kMeansIteration(),
                full,
                steps - full);
    }

    /**
     * Counts a run of FLUX with one image. {@code published} is the papers' counting here, too (3719.50 T for 50 steps of FLUX.1-dev at 1024 x 1024 with 512 text tokens), to a ten-thousandth: all linear layers and attention's two products, embedders and
     * modulations in every step.
     */
    public static Flops of(FluxConfig config, CachePolicy policy, int steps, int textTokens, int imageTokens) {
        policy.checkFits(imageTokens);
        List<StepKind> kinds = policy.kinds(steps);
        int full = (int) kinds.stream().filter(k -> k == StepKind.FULL).count();
        FluxFlops counter = new FluxFlops(config, policy, textTokens, imageTokens);
        return new Flops(
                counter.publishedFull(),
                counter.publishedCached(),
                counter.executedFull(),
                counter.executedCached(),
                counter.executedOnce(steps),
                counter.kMeansIteration(),
                full,
                steps - full);
    }

    /** The whole run in the papers' counting. */
    public double published() {
        return publishedFull * fullSteps + publishedCached * cachedSteps;
    }

    /** The whole run as this library runs it, k-means apart. */
    public double executed() {
        return executedFull * fullSteps + executedCached * cachedSteps + executedOnce;
    }

    /** The counts of one step of each kind, for B rows, N tokens, C width, L layers, H heads. */
    private static final class Counter {
        private final DitConfig config;
        private final CachePolicy policy;
        private final double b;
        private final double n;
        private final double c;
        private final double layers;
        private final double heads;
        private final double ratio;
        private final int clusters;

        Counter(DitConfig config, CachePolicy policy, int rows) {
            this.config = config;
            this.policy = policy;
            this.b = rows;
            this.n = config.tokens();
            this.c = config.hiddenSize();
            this.layers = config.depth();
            this.heads = config.numHeads();
            this.ratio = (double) config.mlpWidth() / config.hiddenSize();
            this.clusters = policy instanceof ClusCa clusCa ? clusCa.clusters() : 0;
        }

        double publishedFull() {
            double attention = 6 * b * n * c * c
                    + b * n * c
                    + 4 * b * heads * n * n * config.headDim()
                    + 5 * b * heads * n * n
                    + 2 * b * n * c * c;
            return layers * (2 * b * n * c + publishedModulation() + attention + publishedMlp(n));
        }

        double publishedCached() {
            double refresh = clusters == 0 ? 0 : b * n * c + publishedMlp(clusters);
            return layers * (publishedModulation() + refresh);
        }

        private double publishedModulation() {
            return b * c + 6 * b * c * c;
        }

        private double publishedMlp(double tokens) {
            return 4 * ratio * b * tokens * c * c + 6 * ratio * b * tokens * c;
        }

        double executedFull() {
            double ladder = policy instanceof FullCompute ? 0 : 2.0 * policy.order() * b * n * c;
            double attention = norm(n)
                    + 2 * b * n * c * 3 * c
                    + 4 * b * n * n * c
                    + 5 * b * heads * n * n
                    + 2 * b * n * c * c
                    + 2 * b * n * c;
            double mlp = executedMlp(n) + 2 * b * n * c;
            return ends() + layers * (attention + mlp + 2 * ladder);
        }

        double executedCached() {
            double forecast = (2.0 * policy.order() + 3) * b * n * c;
            // A representative: gathered with what was spread, its MLP, and 12 for U, S, its correction and its base.
            // At the end
            // each token takes what was spread to its cluster.
            double refresh = clusters == 0 ? 0 : executedMlp(clusters) + 13.0 * b * clusters * c;
            double close = clusters == 0 ? 0 : b * n * c;
            return ends() + layers * (2 * forecast + refresh) + close;
        }

        /** Norm, two linear layers and 10 per GELU. */
        private double executedMlp(double tokens) {
            return norm(tokens) + 4 * ratio * b * tokens * c * c + 10 * ratio * b * tokens * c;
        }

        /** LayerNorm (mean, variance, scaling: 6 per element) and modulation (2). */
        private double norm(double tokens) {
            return 8 * b * tokens * c;
        }

        /** Patch embedding and final layer. */
        private double ends() {
            double patch = (double) config.patchSize() * config.patchSize() * config.inChannels();
            double out = (double) config.patchSize() * config.patchSize() * config.outChannels();
            return 2 * b * n * patch * c + b * n * c + norm(n) + 2 * b * n * c * out;
        }

        double executedOnce(int steps, int conditions) {
            double embedding = 2.0 * steps * (DitConfig.TIMESTEP_FEATURES * c + c * c);
            return embedding + 2.0 * steps * conditions * c * c * (6 * layers + 2);
        }

        /** Distances (3 per channel) and the sums of the means. */
        double kMeansIteration() {
            return clusters == 0 ? 0 : b * n * c * (3.0 * clusters + 1);
        }
    }
}
