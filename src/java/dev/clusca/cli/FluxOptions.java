package dev.clusca.cli;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.sampler.FlowMatching;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say which FLUX makes what image. */
public final class FluxOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "PATH",
            description =
                    "The weights file under official or diffusers' names, its folder, or a diffusers pipeline's, whose autoencoder makes the picture; or random:flux-dev, random:flux-schnell, or a slice by its numbers of double and single blocks, random:flux-dev:2+4, to measure it. Required.")
    private String model;

    @Option(
            names = "--prompt",
            paramLabel = "FILE",
            description =
                    "The encoded text. Of several in the file, image i of 'flux --count' takes text i modulo their number. Without one, where none is needed, 512 tokens of normal numbers stand in for it.")
    private @Nullable Path prompt;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            defaultValue = "1024x1024",
            converter = PixelSize.Converter.class,
            description = "Height and width in pixels, multiples of 16. Default: ${DEFAULT-VALUE}.")
    private PixelSize size;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Sampling steps. Default: 50, or 4 for a model that takes no guidance.")
    private @Nullable Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "SCALE",
            description =
                    "The guidance that a distilled model takes as an input; FLUX.1-schnell takes none. Default: 3.5.")
    private @Nullable Float guidance;

    @Option(
            names = "--vae",
            paramLabel = "PATH",
            description =
                    "The autoencoder: a folder with config.json and safetensors weights, diffusers' names. Default: vae/ in the model's folder.")
    private @Nullable Path vae;

    /** The model as it was typed. */
    public String model() {
        return model;
    }

    /** The model. */
    public FluxArgument argument() {
        return new FluxArgument(model);
    }

    /** The file of the encoded text, if one was named. */
    public @Nullable Path prompt() {
        return prompt;
    }

    /** The size of the image. */
    public PixelSize size() {
        return size;
    }

    /** The autoencoder, if one was named. */
    public @Nullable Path vae() {
        return vae;
    }

    /** How many steps were asked for, or are published. */
    public int steps(FluxConfig config) {
        return steps != null ? steps : FlowMatching.publishedSteps(config);
    }

    /**
     * The guidance that was asked for, or is usual; a model that takes none ignores it.
     *
     * @throws IllegalArgumentException if some was asked for of such a model, or it is no finite number
     */
    public float guidance(FluxConfig config) {
        if (guidance == null) {
            return 3.5f;
        }
        if (!config.guidanceEmbed()) {
            throw new IllegalArgumentException("--guidance is " + guidance + ", but " + model
                    + " takes no guidance, as FLUX.1-schnell; leave it out");
        }
        if (!Float.isFinite(guidance)) {
            throw new IllegalArgumentException("--guidance is " + guidance + "; expected a finite number");
        }
        return guidance;
    }

    /** Adds what the command reads to its files. */
    public OutputFiles reads(OutputFiles files) {
        return files.reads("--model", Usage.of(spec, argument()::path))
                .reads("--prompt", prompt)
                .reads("--vae", vae);
    }
}
