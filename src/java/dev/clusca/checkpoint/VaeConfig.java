package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;

/**
 * The configuration of the autoencoder of Stable Diffusion (diffusers' {@code AutoencoderKL}, arXiv 2112.10752), as far as its decoder needs it.
 *
 * @param latentChannels channels of the latents
 * @param outChannels channels of the pictures: 3
 * @param blockOutChannels channels of the encoder's blocks, from the picture to the latents; the decoder goes the other way. Each block but one doubles the extents
 * @param layersPerBlock residual blocks of an encoder's block; a decoder's has one more
 * @param normGroups groups of every group norm
 * @param scalingFactor what latents are multiplied by for the diffusion model, so that their deviation is 1: they are divided by it before they are decoded
 * @param shiftFactor what is added to latents that were divided so, before they are decoded: the mean of what the diffusion model sees as 0
 * @param postQuantConv whether a 1 x 1 convolution of the latents comes first
 * @param midAttention whether the middle block has attention
 */
public record VaeConfig(
        int latentChannels,
        int outChannels,
        List<Integer> blockOutChannels,
        int layersPerBlock,
        int normGroups,
        double scalingFactor,
        double shiftFactor,
        boolean postQuantConv,
        boolean midAttention) {

    /** Epsilon of every group norm. */
    public static final float NORM_EPSILON = 1e-6f;

    /** What a configuration without a {@code scaling_factor} means: that of Stable Diffusion 1 and 2. */
    static final double USUAL_SCALING = 0.18215;

    private static final int LARGEST = 1 << 16;
    private static final int MOST_BLOCKS = 8;
    private static final int MOST_LAYERS = 64;

    public VaeConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
        range("latentChannels", latentChannels, LARGEST);
        require(outChannels == 3, "outChannels is " + outChannels + ", expected 3: red, green, blue");
        range("the number of blockOutChannels", blockOutChannels.size(), MOST_BLOCKS);
        range("layersPerBlock", layersPerBlock, MOST_LAYERS);
        range("normGroups", normGroups, LARGEST);
        for (int channels : blockOutChannels) {
            range("a block's number of channels", channels, LARGEST);
            require(
                    channels % normGroups == 0,
                    "a block has " + channels + " channels, expected a multiple of normGroups, " + normGroups);
        }
        require(
                scalingFactor > 0 && Double.isFinite(scalingFactor),
                "scalingFactor is " + scalingFactor + ", expected a finite number above 0");
        require(Double.isFinite(shiftFactor), "shiftFactor is " + shiftFactor + ", expected a finite number");
    }

    /** The autoencoder of Stable Diffusion 1 and 2, which the published DiT models use. */
    public static VaeConfig stableDiffusion() {
        return new VaeConfig(4, 3, List.of(128, 256, 512, 512), 2, 32, USUAL_SCALING, 0, true, true);
    }

    /**
     * The configuration in diffusers' {@code config.json}.
     *
     * @throws CheckpointException if the file is not such a configuration, or describes another autoencoder
     */
    public static VaeConfig fromJson(Path file) {
        return VaeConfigReader.read(file);
    }

    /** How many times as high and wide as its latents a picture is. */
    public int scale() {
        return 1 << (blockOutChannels.size() - 1);
    }

    /** Number of blocks. */
    public int blocks() {
        return blockOutChannels.size();
    }

    /** Channels of the middle block, which the decoder begins with. */
    public int middleChannels() {
        return blockOutChannels.getLast();
    }

    /** Channels that come out of a block of the decoder, which are numbered from the latents on. */
    public int channels(int block) {
        return blockOutChannels.get(blocks() - 1 - block);
    }

    /** Channels that go into a block of the decoder. */
    public int channelsInto(int block) {
        return block == 0 ? middleChannels() : channels(block - 1);
    }

    /** Residual blocks of a block of the decoder. */
    public int decoderLayers() {
        return layersPerBlock + 1;
    }

    private static void range(String name, int value, int largest) {
        require(value >= 1 && value <= largest, name + " is " + value + ", expected 1 to " + largest);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("not an autoencoder's configuration: " + otherwise);
        }
    }
}
