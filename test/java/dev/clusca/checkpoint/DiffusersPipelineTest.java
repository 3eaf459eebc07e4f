package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffusersPipelineTest {
    /** As published for DiT-XL/2, but for the number of classes. */
    private static final String INDEX = """
            {"_class_name": "DiTPipeline", "_diffusers_version": "0.12.0.dev0",
             "id2label": {"0": "tench, Tinca tinca", "1": "goldfish, Carassius auratus", "2": "great white shark"},
             "scheduler": ["diffusers", "DDIMScheduler"],
             "transformer": ["diffusers", "Transformer2DModel"], "vae": ["diffusers", "AutoencoderKL"]}
            """;

    private static final String SCHEDULER = """
            {"_class_name": "DDIMScheduler", "beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001,
             "clip_sample": false, "num_train_timesteps": 1000, "prediction_type": "epsilon",
             "set_alpha_to_one": true, "steps_offset": 0, "trained_betas": null}
            """;

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.createDirectories(folder.resolve("vae"));
        Files.createDirectories(folder.resolve("scheduler"));
        Files.writeString(folder.resolve("model_index.json"), INDEX);
        Files.writeString(folder.resolve("scheduler/scheduler_config.json"), SCHEDULER);
    }

    @Test
    void readsWhatIsPublished() {
        DiffusersPipeline pipeline = DiffusersPipeline.in(folder).orElseThrow();
        assertThat(pipeline.labels())
                .containsExactly("tench, Tinca tinca", "goldfish, Carassius auratus", "great white shark");
        assertThat(pipeline.autoencoder()).contains(folder.resolve("vae"));
        ClassNames names = new ClassNames(pipeline.labels());
        assertThat(names.number("Tinca Tinca")).isZero();
        assertThat(names.number(" goldfish ")).isEqualTo(1);
        assertThatThrownBy(() -> names.number("shark")).hasMessageContaining("did you mean one of: great white shark");
    }

    @Test
    void aFolderOfOneModelIsNoPipeline() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{}");
        assertThat(DiffusersPipeline.in(model)).isEmpty();
        assertThat(DiffusersPipeline.in(folder.resolve("none"))).isEmpty();
    }

    @Test
    void refusesClassesWithGaps() throws IOException {
        Files.writeString(folder.resolve("model_index.json"), INDEX.replace("\"1\":", "\"7\":"));
        assertThatThrownBy(() -> DiffusersPipeline.in(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("3 names in id2label, but no text for class 1");
    }

    @Test
    void refusesWhatWasTrainedOtherwise() throws IOException {
        for (List<String> change : List.of(
                List.of("0.0001", "0.00085", "beta_start = '8.5E-4', expected 1.0E-4"),
                List.of("\"epsilon\"", "\"v_prediction\"", "prediction_type = 'v_prediction', expected epsilon"),
                List.of("null", "[0.1, 0.2]", "trained_betas = '[0.1, 0.2]', expected none"),
                List.of("1000", "500", "num_train_timesteps = '500', expected 1000"))) {
            Files.writeString(
                    folder.resolve("scheduler/scheduler_config.json"), SCHEDULER.replace(change.get(0), change.get(1)));
            assertThatThrownBy(() -> DiffusersPipeline.in(folder))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(change.get(2));
        }
    }

    /** Spoilt settings are read or refused with a sentence that names the file. */
    @Test
    void spoiltSettingsNameTheirFile() throws IOException {
        Path vae = Path.of(System.getProperty("clusca.golden"), "vae", "config.json");
        Random random = new Random(9);
        int refused = 0;
        for (int i = 0; i < 1500; i++) {
            String good = List.of(INDEX, SCHEDULER, Files.readString(vae)).get(i % 3);
            StringBuilder bad = new StringBuilder(good);
            for (int k = 0; k <= random.nextInt(4); k++) {
                bad.setCharAt(random.nextInt(bad.length()), "{}[]\":,x0-9e. \n\\".charAt(random.nextInt(16)));
            }
            Path file = folder.resolve(List.of("model_index.json", "scheduler/scheduler_config.json", "config.json")
                    .get(i % 3));
            Files.writeString(file, bad);
            try {
                if (i % 3 == 2) {
                    assertThat(VaeConfig.fromJson(file).blocks()).isPositive();
                } else {
                    assertThat(DiffusersPipeline.in(folder)).isPresent();
                }
            } catch (CheckpointException e) {
                assertThat(e.getMessage()).contains(file.getFileName().toString());
                refused++;
            }
            Files.writeString(file, good);
        }
        assertThat(refused).isGreaterThan(500);
    }
}
