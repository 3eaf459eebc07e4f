package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Quality;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelResultTest {
    @TempDir
    Path folder;

    @Test
    void isReadAsItWasWritten() throws IOException {
        ModelResult result = Results.models(1, 8);
        Path file = folder.resolve("models.json");

        result.write(file);

        assertThat(Measured.read(file)).isEqualTo(result);
    }

    @Test
    void whatCouldNotBeMeasuredIsReadAsItWasWritten() throws IOException {
        ModelResult.Run none = new ModelResult.Run(
                "fora", "fora:interval=9", OptionalInt.of(9), 4, 0, 20, OptionalDouble.empty(), 80, 1.01, 1, 1, null);
        Path file = folder.resolve("models.json");
        ModelResult without = Results.of("there are no pictures", none);
        without.write(file);
        assertThat(Measured.read(file)).isEqualTo(without);

        ModelResult equal =
                Results.of(null, Results.run("clusca", 3, 2, new Quality.Batch(Double.POSITIVE_INFINITY, 50, 1)));
        equal.write(file);
        assertThat(Measured.read(file)).isEqualTo(equal);
    }

    @Test
    void chosenPoliciesAreReadAsTheyWereWritten() throws IOException {
        ModelResult chosen = Results.of("x", Results.chosen("full=4/9", 2), Results.chosen("interval=5", 2));
        Path file = folder.resolve("models.json");

        chosen.write(file);

        assertThat(Measured.read(file)).isEqualTo(chosen);
        assertThat(chosen.legend()).containsExactly("1 is fora:full=4/9", "2 is fora:interval=5");
        assertThat(Results.models(1).legend()).isEmpty();
    }

    /** The names are a promise to other programs. */
    @Test
    void theNamesInTheFileStay() {
        Map<?, ?> json = (Map<?, ?>) Json.parse(Results.models(8).json(), "result");

        assertThat(json.get("schema")).isEqualTo(2L);
        assertThat(json.get("kind")).isEqualTo("models");
        assertThat(json.keySet().stream().map(String::valueOf))
                .containsExactly(
                        "schema",
                        "kind",
                        "version",
                        "backend",
                        "device",
                        "machine",
                        "model",
                        "dtype",
                        "sampler",
                        "size",
                        "steps",
                        "cfg",
                        "seed",
                        "rounds",
                        "no_quality",
                        "batches");
        Map<?, ?> batch = (Map<?, ?>) ((List<?>) json.get("batches")).getFirst();
        assertThat(batch.get("images")).isEqualTo(8L);
        assertThat((double) ((Map<?, ?>) batch.get("full")).get("spread")).isBetween(0.0199, 0.0201);
        assertThat(((Map<?, ?>) batch.get("full")).get("ms_runs")).isEqualTo(List.of(8000.0, 8160.0));
        Map<?, ?> run = (Map<?, ?>) ((List<?>) batch.get("runs")).get(1);
        assertThat(run.keySet().stream().map(String::valueOf))
                .containsExactly(
                        "method",
                        "policy",
                        "interval",
                        "full_steps",
                        "cached_steps",
                        "ms_full_step",
                        "ms_cached_step",
                        "ms_total",
                        "speedup_time",
                        "speedup_flops",
                        "speedup_flops_executed",
                        "psnr_db",
                        "psnr_db_min",
                        "ssim");
        assertThat(run.get("psnr_db")).isEqualTo(30.0);
        assertThat(run.get("speedup_time")).isEqualTo(4.0);
    }
}
