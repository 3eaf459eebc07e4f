package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The configuration of FLUX (Black Forest Labs, 2024), the constructor's {@code FluxParams}.
 *
 * @param inChannels channels of an image token: a patch of 2 x 2 latents
 * @param outChannels channels that the model puts out for an image token
 * @param vecInDim width of the text as one vector (CLIP's)
 * @param contextInDim width of a text token (T5's)
 * @param hiddenSize width C of a token in the model
 * @param mlpRatio width of an MLP's hidden layer, as a multiple of {@code hiddenSize}
 * @param numHeads attention heads
 * @param depth double blocks, where image and text have weights of their own
 * @param depthSingleBlocks single blocks, which take both as one sequence
 * @param axesDim channels of a head that turn with each axis of a token's position
 * @param theta base of the rotations' frequencies
 * @param qkvBias whether a double block's queries, keys and values have a bias
 * @param guidanceEmbed whether the model takes the guidance as an input (FLUX.1-dev, distilled), or knows none (schnell)
 */
public record FluxConfig(
        int inChannels,
        int outChannels,
        int vecInDim,
        int contextInDim,
        int hiddenSize,
        double mlpRatio,
        int numHeads,
        int depth,
        int depthSingleBlocks,
        List<Integer> axesDim,
        double theta,
        boolean qkvBias,
        boolean guidanceEmbed) {

    /** Epsilon of every LayerNorm and of the queries' and keys' RMSNorm. */
    public static final float NORM_EPSILON = 1e-6f;

    /** Number of sinusoidal features of a timestep, and of the guidance. */
    public static final int TIMESTEP_FEATURES = 256;

    /** What a timestep, 0 to 1, and the guidance are multiplied by before their features ({@code time_factor}). */
    public static final float TIME_FACTOR = 1000;

    /** Latents of an image token in height and width. */
    public static final int TOKEN_SIDE = 2;

    private static final int TOKEN_LATENTS = TOKEN_SIDE * TOKEN_SIDE;

    /** Pixels of an image token in height and width: each latent has 8 x 8 pixels. */
    public static final int TOKEN_PIXELS = 16;

    /** The longest text of the published models, in tokens. */
    public static final int TEXT_TOKENS = 512;

    private static final int LARGEST = 1 << 20;
    private static final int DEEPEST = 1 << 12;

    public FluxConfig {
        axesDim = List.copyOf(axesDim);
        extent("inChannels", inChannels);
        extent("outChannels", outChannels);
        extent("vecInDim", vecInDim);
        extent("contextInDim", contextInDim);
        extent("hiddenSize", hiddenSize);
        extent("numHeads", numHeads);
        depth("depth", depth);
        depth("depthSingleBlocks", depthSingleBlocks);
        require(hiddenSize % numHeads == 0, "hiddenSize " + hiddenSize + " is not a multiple of numHeads " + numHeads);
        require(
                mlpRatio > 0 && hiddenSize * mlpRatio >= 1 && hiddenSize * mlpRatio <= LARGEST,
                "mlpRatio " + mlpRatio + " gives an MLP of width " + hiddenSize * mlpRatio + ", expected 1 to "
                        + LARGEST);
        require(
                axesDim.stream().allMatch(d -> d >= 2 && d % 2 == 0),
                "axesDim is " + axesDim + ", expected even numbers from 2 on");
        int turned = axesDim.stream().mapToInt(Integer::intValue).sum();
        require(
                turned == hiddenSize / numHeads,
                "axesDim " + axesDim + " has " + turned + " channels in all, expected those of a head, "
                        + hiddenSize / numHeads);
        require(axesDim.size() == 3, "axesDim is " + axesDim + ", expected three axes: an index, row and column");
        require(theta > 0 && Double.isFinite(theta), "theta is " + theta + ", expected a finite number above 0");
    }

    /** FLUX.1 of 12 billion parameters. */
    private static FluxConfig published(boolean guidance) {
        return new FluxConfig(64, 64, 768, 4096, 3072, 4, 24, 19, 38, List.of(16, 56, 56), 10_000, true, guidance);
    }

    /** FLUX.1-dev. */
    public static FluxConfig dev() {
        return published(true);
    }

    /** FLUX.1-schnell, which takes no guidance. */
    public static FluxConfig schnell() {
        return published(false);
    }

    /** A published model by its name, {@code flux-dev} or {@code flux-schnell}; empty if there is none of that name. */
    public static Optional<FluxConfig> published(String name) {
        return switch (name) {
            case "flux-dev" -> Optional.of(dev());
            case "flux-schnell" -> Optional.of(schnell());
            default -> Optional.empty();
        };
    }

    /**
     * The arguments of the official constructor, written as texts in Python's notation.
     *
     * @param source what to call them in errors
     * @throws CheckpointException if one is missing or wrong
     */
    public static FluxConfig fromMetadata(Map<String, String> metadata, String source) {
        return FluxConfigReader.fromMetadata(metadata, source);
    }

    /**
     * diffusers' {@code config.json} of a {@code FluxTransformer2DModel}.
     *
     * @throws CheckpointException if the file is not such a configuration, or describes another model
     */
    public static FluxConfig fromJson(Path file) {
        return FluxConfigReader.read(file);
    }

    /** The same model with other numbers of blocks. */
    public FluxConfig withBlocks(int doubles, int singles) {
        return new FluxConfig(
                inChannels,
                outChannels,
                vecInDim,
                contextInDim,
                hiddenSize,
                mlpRatio,
                numHeads,
                doubles,
                singles,
                axesDim,
                theta,
                qkvBias,
                guidanceEmbed);
    }

    /**
     * Checks that images can be sampled: that the model takes what it puts out.
     *
     * @throws IllegalArgumentException if it does not
     */
    public void checkSamples() {
        if (inChannels != outChannels) {
            throw new IllegalArgumentException(
                    "this FLUX takes " + inChannels + " channels of an image token and puts out "
                            + outChannels
                            + "; expected as many, as in FLUX.1-dev and -schnell (Fill, Canny and Depth take a further image, which clusca does not give them)");
        }
    }

    /**
     * Channels of the latents, of which a token has a patch of 2 x 2.
     *
     * @throws IllegalArgumentException if a token has no such patch
     */
    public int latentChannels() {
        if (inChannels % TOKEN_LATENTS != 0) {
            throw new IllegalArgumentException("an image token of this FLUX has " + inChannels
                    + " channels; expected a multiple of " + TOKEN_LATENTS + ", a patch of 2 x 2 latents");
        }
        return inChannels / TOKEN_LATENTS;
    }

    /** Width of an attention head. */
    public int headDim() {
        return hiddenSize / numHeads;
    }

    /** Width of an MLP's hidden layer. */
    public int mlpWidth() {
        return (int) (hiddenSize * mlpRatio);
    }

    private static void extent(String name, int value) {
        require(value >= 1 && value <= LARGEST, name + " is " + value + ", expected 1 to " + LARGEST);
    }

    private static void depth(String name, int value) {
        require(value >= 1 && value <= DEEPEST, name + " is " + value + ", expected 1 to " + DEEPEST);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("not a FLUX configuration: " + otherwise);
        }
    }
}
