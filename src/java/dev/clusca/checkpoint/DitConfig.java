package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configuration of a class-conditional diffusion transformer (DiT, arXiv 2212.09748).
 *
 * @param inputSize height and width of what the model denoises: latents, or pixels
 * @param patchSize height and width of a patch, which becomes one token
 * @param inChannels channels of what the model denoises
 * @param hiddenSize width C of a token
 * @param depth number of blocks
 * @param numHeads attention heads
 * @param mlpRatio width of an MLP's hidden layer, as a multiple of {@code hiddenSize}
 * @param numClasses classes, without the null class
 * @param learnSigma whether the model also puts out a variance, as a second half of its channels
 * @param nullClass whether label {@code numClasses} stands for no class, which classifier-free guidance needs
 * @param mlpNormEpsilon epsilon of the LayerNorm before a block's MLP; all other LayerNorms use {@link #NORM_EPSILON}
 * @param timestepShift {@code shift} of the timestep features: 0 in the official code, 1 in diffusers
 * @param cfgChannels the leading channels that guidance acts on unless asked otherwise: 3 in the official code, all in diffusers
 * @param pixelSpace whether the model denoises pixels in [-1, 1] and needs no autoencoder
 * @param classNames one a class, or empty
 */
public record DitConfig(
        int inputSize,
        int patchSize,
        int inChannels,
        int hiddenSize,
        int depth,
        int numHeads,
        double mlpRatio,
        int numClasses,
        boolean learnSigma,
        boolean nullClass,
        double mlpNormEpsilon,
        int timestepShift,
        int cfgChannels,
        boolean pixelSpace,
        List<String> classNames) {

    /** Epsilon of every LayerNorm of the official DiT. */
    public static final double NORM_EPSILON = 1e-6;

    /** Number of sinusoidal features of a timestep, in every DiT. */
    public static final int TIMESTEP_FEATURES = 256;

    private static final int LARGEST = 1 << 20;
    /** Beyond any model, and few enough that every missing tensor of a lying configuration can be named. */
    private static final int DEEPEST = 1 << 12;

    private static final Pattern PUBLISHED = Pattern.compile("(?:dit-)?(s|b|l|xl)/([248])", Pattern.CASE_INSENSITIVE);

    public DitConfig {
        classNames = List.copyOf(classNames);
        extent("inputSize", inputSize);
        extent("patchSize", patchSize);
        extent("inChannels", inChannels);
        extent("hiddenSize", hiddenSize);
        require(depth >= 1 && depth <= DEEPEST, "depth is " + depth + ", expected 1 to " + DEEPEST);
        extent("numHeads", numHeads);
        extent("numClasses", numClasses);
        require(inputSize % patchSize == 0, "inputSize " + inputSize + " is not a multiple of patchSize " + patchSize);
        require(
                (long) (inputSize / patchSize) * (inputSize / patchSize) <= LARGEST,
                "inputSize " + inputSize + " with patchSize " + patchSize + " gives more than " + LARGEST + " tokens");
        require(hiddenSize % numHeads == 0, "hiddenSize " + hiddenSize + " is not a multiple of numHeads " + numHeads);
        require(
                hiddenSize % 4 == 0,
                "hiddenSize " + hiddenSize + " is not a multiple of 4, which the 2-D sin-cos positions need");
        require(
                mlpRatio > 0 && hiddenSize * mlpRatio >= 1 && hiddenSize * mlpRatio <= LARGEST,
                "mlpRatio " + mlpRatio + " gives an MLP of width " + hiddenSize * mlpRatio + ", expected 1 to "
                        + LARGEST);
        require(
                mlpNormEpsilon > 0 && mlpNormEpsilon < 1,
                "mlpNormEpsilon is " + mlpNormEpsilon + ", expected a number between 0 and 1");
        require(
                timestepShift == 0 || timestepShift == 1,
                "timestepShift is " + timestepShift + ", expected 0 (official) or 1 (diffusers)");
        require(
                cfgChannels >= 1 && cfgChannels <= inChannels,
                "cfgChannels is " + cfgChannels + ", expected 1 to inChannels, " + inChannels);
        require(
                !pixelSpace || inChannels == 3,
                "inChannels is " + inChannels
                        + " of a model of pixels, expected 3: red, green and blue; without pixel_space its samples can be kept as they are");
        require(
                classNames.isEmpty() || classNames.size() == numClasses,
                "there are " + classNames.size() + " classNames for " + numClasses
                        + " classes; give one for each, or none");
    }

    /**
     * A published size: {@code S}, {@code B}, {@code L} or {@code XL} with patch 2, 4 or 8, on the latents of square ImageNet pictures (1000 classes, 4 channels, learned sigma).
     *
     * @param name as {@code XL/2} or {@code DiT-XL/2}, in any case
     * @param imageSize height and width of the pictures in pixels, a multiple of 8: the latents have an eighth of it
     */
    public static DitConfig of(String name, int imageSize) {
        Matcher parts = PUBLISHED.matcher(name);
        if (!parts.matches()) {
            throw new IllegalArgumentException("there is no published DiT " + CheckpointException.quote(name)
                    + "; expected S, B, L or XL, a slash, and patch 2, 4 or 8, as DiT-XL/2");
        }
        require(imageSize > 0 && imageSize % 8 == 0, "image size " + imageSize + " is not a positive multiple of 8");
        int patch = Integer.parseInt(parts.group(2));
        return switch (parts.group(1).toUpperCase(Locale.ROOT)) {
            case "S" -> published(imageSize / 8, patch, 384, 12, 6);
            case "B" -> published(imageSize / 8, patch, 768, 12, 12);
            case "L" -> published(imageSize / 8, patch, 1024, 24, 16);
            default -> published(imageSize / 8, patch, 1152, 28, 16);
        };
    }

    private static DitConfig published(int inputSize, int patchSize, int hiddenSize, int depth, int numHeads) {
        return new DitConfig(
                inputSize,
                patchSize,
                4,
                hiddenSize,
                depth,
                numHeads,
                4.0,
                1000,
                true,
                true,
                NORM_EPSILON,
                0,
                3,
                false,
                List.of());
    }

    /**
     * The configuration in a {@code config.json}: the official constructor's arguments (at the top, or under {@code constructor} beside {@code class_names},
     * {@code pixel_space}, {@code diffusion.cfg_channels}), or the one of diffusers' {@code DiTTransformer2DModel}.
     *
     * @throws CheckpointException if the file is not such a configuration, or describes a model that is not a DiT
     */
    public static DitConfig fromJson(Path file) {
        return DitConfigReader.read(file);
    }

    /**
     * The configuration in the metadata of a safetensors file: the official constructor's arguments as texts; other keys are left alone.
     *
     * @param source what to call the metadata in errors
     * @throws CheckpointException if an argument is missing or wrong
     */
    public static DitConfig fromMetadata(Map<String, String> metadata, String source) {
        return DitConfigReader.fromMetadata(metadata, source);
    }

    /** Number of tokens N. */
    public int tokens() {
        return (inputSize / patchSize) * (inputSize / patchSize);
    }

    /** Channels that the model puts out: the noise, and with {@link #learnSigma} as many for the variance. */
    public int outChannels() {
        return learnSigma ? 2 * inChannels : inChannels;
    }

    /** Width of an attention head. */
    public int headDim() {
        return hiddenSize / numHeads;
    }

    /** Width of an MLP's hidden layer. */
    public int mlpWidth() {
        return (int) (hiddenSize * mlpRatio);
    }

    /** Rows of the label table: the classes, and the null class if there is one. */
    public int labels() {
        return numClasses + (nullClass ? 1 : 0);
    }

    private static void extent(String name, int value) {
        require(value >= 1 && value <= LARGEST, name + " is " + value + ", expected 1 to " + LARGEST);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("not a DiT configuration: " + otherwise);
        }
    }
}
