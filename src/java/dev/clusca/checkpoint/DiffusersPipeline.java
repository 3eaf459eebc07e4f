package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder as diffusers publishes a DiT: {@code transformer/}, {@code vae/}, {@code scheduler/} and {@code model_index.json}. Opening checks that the noise schedule is DiT's, the
 * only one that clusca samples with.
 *
 * @param labels the texts of the classes, several names of one separated by commas, or empty
 */
public record DiffusersPipeline(Path folder, List<String> labels) {
    private static final String INDEX = "model_index.json";
    private static final String CLASS = "_class_name";
    private static final String FLUX = "FluxPipeline";
    private static final int MOST_CLASSES = 1 << 20;

    public DiffusersPipeline {
        labels = List.copyOf(labels);
    }

    /**
     * The pipeline in a folder, if it is one.
     *
     * @throws CheckpointException if it is another pipeline than DiT's, or has another noise schedule
     */
    public static Optional<DiffusersPipeline> in(Path path) {
        Path index = path.resolve(INDEX);
        boolean listed = Files.exists(index);
        if (!listed && (!Files.isDirectory(path.resolve("transformer")) || Files.exists(path.resolve("config.json")))) {
            return Optional.empty();
        }
        List<String> labels = List.of();
        if (listed) {
            Fields fields = Fields.of(Json.read(index), index.toString());
            String name = String.valueOf(fields.values().get(CLASS));
            if (fields.has(CLASS) && !"DiTPipeline".equals(name)) {
                throw new CheckpointException(index + " describes a " + quote(name) + "; expected a 'DiTPipeline'"
                        + (name.equals(FLUX) ? ", or 'clusca flux' for this one" : ""));
            }
            labels = labels(fields);
        }
        Path scheduler = schedule(path);
        if (Files.exists(scheduler)) {
            checkSchedule(Fields.of(Json.read(scheduler), scheduler.toString()));
        }
        return Optional.of(new DiffusersPipeline(path, labels));
    }

    /** Whether a folder is FLUX's pipeline. */
    public static boolean isFlux(Path path) {
        Path index = path.resolve(INDEX);
        return Files.exists(index)
                && FLUX.equals(
                        Fields.of(Json.read(index), index.toString()).values().get(CLASS));
    }

    /** The folder of the autoencoder, if there is one. */
    public Optional<Path> autoencoder() {
        Path vae = folder.resolve("vae");
        return Files.isDirectory(vae) ? Optional.of(vae) : Optional.empty();
    }

    /** The files that describe it, beside those of its models. */
    public List<Path> files() {
        return Stream.of(folder.resolve(INDEX), schedule(folder))
                .filter(Files::exists)
                .toList();
    }

    private static Path schedule(Path folder) {
        return folder.resolve("scheduler").resolve("scheduler_config.json");
    }

    /** diffusers' {@code id2label}: class numbers, as texts, to names. */
    private static List<String> labels(Fields index) {
        if (!index.has("id2label")) {
            return List.of();
        }
        Map<?, ?> names = index.object("id2label").values();
        if (names.size() > MOST_CLASSES) {
            throw new CheckpointException(
                    index.source() + " names " + names.size() + " classes, expected at most " + MOST_CLASSES);
        }
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            if (!(names.get(Integer.toString(i)) instanceof String name)) {
                throw new CheckpointException(index.source() + " has " + names.size()
                        + " names in id2label, but no text for class " + i + "; expected one for each class from 0 on");
            }
            labels.add(name);
        }
        return labels;
    }

    /** Samplers of all kinds share the schedule that the model was trained with. */
    private static void checkSchedule(Fields scheduler) {
        scheduler.onlySupports("num_train_timesteps", 1000L);
        scheduler.onlySupports("beta_start", 0.0001);
        scheduler.onlySupports("beta_end", 0.02);
        scheduler.onlySupports("beta_schedule", "linear");
        scheduler.onlySupports("prediction_type", "epsilon");
        scheduler.onlySupports("rescale_betas_zero_snr", false);
        scheduler.onlySupportsNone("trained_betas");
    }

    /**
     * Checks the schedule of FLUX's pipeline in a folder, if there is one.
     *
     * @throws CheckpointException if it is not the one that is published for such a model
     */
    public static void checkFluxSchedule(Path path, FluxConfig config) {
        Path file = schedule(path);
        if (!Files.exists(file)) {
            return;
        }
        Fields scheduler = Fields.of(Json.read(file), file.toString());
        scheduler.onlySupports("num_train_timesteps", 1000L);
        scheduler.onlySupports("use_dynamic_shifting", config.guidanceEmbed());
        if (config.guidanceEmbed()) {
            scheduler.onlySupports("time_shift_type", "exponential");
            scheduler.onlySupports("base_shift", 0.5);
            scheduler.onlySupports("max_shift", 1.15);
            scheduler.onlySupports("base_image_seq_len", 256L);
            scheduler.onlySupports("max_image_seq_len", 4096L);
        } else {
            scheduler.onlySupports("shift", 1.0);
        }
        scheduler.onlySupportsNone("shift_terminal");
        for (String unused : List.of(
                "use_karras_sigmas",
                "use_exponential_sigmas",
                "use_beta_sigmas",
                "invert_sigmas",
                "stochastic_sampling")) {
            scheduler.onlySupports(unused, false);
        }
    }
}
