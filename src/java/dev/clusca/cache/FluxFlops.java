package dev.clusca.cache;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxTensors;

/** The counts of one step of FLUX of each kind, for T text tokens, I image tokens and C width. */
final class FluxFlops {
    private final FluxConfig config;
    private final CachePolicy policy;
    private final double text;
    private final double image;
    private final double all;
    private final double c;
    private final double ratio;
    private final double doubles;
    private final double singles;
    private final int clusters;

    FluxFlops(FluxConfig config, CachePolicy policy, int textTokens, int imageTokens) {
        this.config = config;
        this.policy = policy;
        this.text = textTokens;
        this.image = imageTokens;
        this.all = text + image;
        this.c = config.hiddenSize();
        this.ratio = (double) config.mlpWidth() / config.hiddenSize();
        this.doubles = config.depth();
        this.singles = config.depthSingleBlocks();
        this.clusters = policy instanceof ClusCa clusCa ? clusCa.clusters() : 0;
    }

    double publishedFull() {
        return published() + (doubles + singles) * products();
    }

    /** Text and image have as many representatives each. */
    double publishedCached() {
        return published() + doubles * 2 * mlp(clusters);
    }

    /** What the published code computes in every step. */
    private double published() {
        return embeddings(1) + modulations(1) + 2 * text * config.contextInDim() * c + ends();
    }

    double executedFull() {
        double ladder = policy instanceof FullCompute ? 0 : 2.0 * policy.order() * c;
        // Two norms, the attention's RMSNorm and rotation, softmax, GELU, and two gated sums.
        double twofold = 2 * norm(all) + attended() + 10 * ratio * all * c + 4 * all * c;
        double single = norm(all) + attended() + 10 * ratio * all * c + 2 * all * c;
        return ends()
                + norm(image)
                + (doubles + singles) * products()
                + doubles * (twofold + 2 * image * ladder)
                + singles * (single + image * ladder);
    }

    /** In the fast order the text is left out. */
    double executedCached() {
        double forecast = (2.0 * policy.order() + 3) * image * c;
        double refresh =
                clusters == 0 ? 0 : norm(clusters) + mlp(clusters) + 10 * ratio * clusters * c + 13.0 * clusters * c;
        double close = clusters == 0 ? 0 : image * c;
        return ends() + norm(image) + doubles * (2 * forecast + refresh) + singles * forecast + close;
    }

    double executedOnce(int steps) {
        return embeddings(steps) + modulations(steps) + 2 * text * config.contextInDim() * c;
    }

    /** Distances (3 per channel) and the sums of the means. */
    double kMeansIteration() {
        return clusters == 0 ? 0 : image * c * (3.0 * clusters + 1);
    }

    /** Queries, keys and values, attention, projection and MLP of all tokens; a single block has the same in other layers. */
    private double products() {
        return (8 + 4 * ratio) * all * c * c + 4 * all * all * c;
    }

    private double mlp(double tokens) {
        return 4 * ratio * tokens * c * c;
    }

    private double norm(double tokens) {
        return 8 * tokens * c;
    }

    /** RMSNorm (4) and rotation (3) of queries and keys, and 5 a score. */
    private double attended() {
        return 14 * all * c + 5 * config.numHeads() * all * all;
    }

    /** Timestep, guidance and the text's vector. */
    private double embeddings(int steps) {
        double time = 2 * (FluxConfig.TIMESTEP_FEATURES * c + c * c);
        double vector = 2 * (config.vecInDim() * c + c * c);
        return steps * time + (config.guidanceEmbed() ? time : 0) + vector;
    }

    private double modulations(int steps) {
        double chunks = 2 * FluxTensors.DOUBLE_CHUNKS * doubles // of two streams
                + FluxTensors.SINGLE_CHUNKS * singles
                + FluxTensors.FINAL_CHUNKS;
        return 2.0 * steps * c * c * chunks;
    }

    /** The image's first and last linear layer. */
    private double ends() {
        return 2 * image * c * (config.inChannels() + config.outChannels());
    }
}
