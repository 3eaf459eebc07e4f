package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bench kernels} where a GPU is emulated: counts instead of times. */
@Tag("emulated")
class StaticCostsTest {
    private static final String SHAPE = "grid=8,width=144,heads=2";

    @TempDir
    Path folder;

    private Outcome count(String only, String dtype, Path file, String... more) {
        return Outcome.of(Stream.concat(
                        Stream.of(
                                "bench",
                                "kernels",
                                only,
                                "--shapes",
                                SHAPE,
                                "--dtype",
                                dtype,
                                "--json",
                                file.toString()),
                        Arrays.stream(more))
                .toArray(String[]::new));
    }

    @Test
    void countsRegistersAndBoundsOfEveryKernel() throws IOException {
        Path file = folder.resolve("static.json");
        Outcome counted = count("^(gemm|attention|layerNormModulate)/", "bf16", file, "--gpu", "a100")
                .assertDone();
        assertThat(counted.out())
                .contains("by (a100)", "an estimate, not a measurement")
                .containsPattern("gemm 128x144x576/gelu_tanh/bias +bf16 +1 +[0-9]+ +[0-9]+ +[0-9.]+x +0 +[1-9][0-9]+ ")
                .containsPattern("attention_d72_bf16|attention_row_d72_bf16")
                .doesNotContain("INVALID");
        assertThat(Files.readString(file))
                .contains("\"kind\" : \"static\"", "\"tensor\" : ", "\"registers\" : ")
                .contains("\"bank_conflicts\" : 0");
    }

    /** The same code counts the same, whatever the machine does meanwhile. */
    @Test
    void twoRunsAreTheSameToTheLastCount() {
        Path first = folder.resolve("first.json");
        Path second = folder.resolve("second.json");
        count("^(gatherRows|propagate)/", "f32", first).assertDone();
        count("^(gatherRows|propagate)/", "f32", second).assertDone();
        assertThat(Outcome.of("bench", "compare", first.toString(), second.toString())
                        .assertDone()
                        .out())
                .contains("2 results are the same to the last count");
    }

    @Test
    void anotherFormShowsInTheComparison() throws IOException {
        Path first = folder.resolve("first.json");
        Path second = folder.resolve("second.json");
        count("^gatherRows/", "f32", first).assertDone();
        Files.writeString(second, Files.readString(first).replaceFirst("\"sectors\" : (\\d+)", "\"sectors\" : 9$1"));
        assertThat(Outcome.of("bench", "compare", first.toString(), second.toString())
                        .assertDone()
                        .out())
                .containsPattern("gatherRows .* 1.000x +[1-9][0-9.]+x +0 +1.000x")
                .contains("0 results are the same");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--plot=none.png", "--record"})
    void countsAreNeitherDrawnNorRecorded(String option) {
        Outcome.at(folder, "bench", "kernels", "^gatherRows/", "--shapes", SHAPE, option)
                .assertUsage("an emulated GPU gives counts, not times");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void countsTakeNoOptionsOfTiming() {
        Outcome.of("bench", "kernels", "^gatherRows/", "--shapes", SHAPE, "--limit=3")
                .assertUsage("--limit is for timing, and nothing is timed on an emulated GPU; leave it out");
        Outcome.of("bench", "kernels", "^gatherRows/", "--shapes", SHAPE, "--ladder", "--noise=1", "--no-baseline")
                .assertUsage(
                        "--noise, --no-baseline are for timing, and nothing is timed on an emulated GPU; leave them out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--gpu=h200", "--ladder"})
    void stopsBetweenOperations(String option) {
        Outcome stopped =
                Outcome.cancelled(null, () -> true, "bench", "kernels", "^gatherRows/", "--shapes", SHAPE, option);
        assertThat(stopped.err()).isEqualTo("clusca bench kernels: interrupted; nothing was written\n");
        assertThat(stopped.code()).isEqualTo(130);
    }

    @Test
    void theLadderBeginsWithTheNaiveKernels() {
        Outcome ladder = Outcome.of("bench", "kernels", "^gemm/f32/128x144x432", "--shapes", SHAPE, "--ladder")
                .assertDone();
        assertThat(ladder.out()
                        .lines()
                        .filter(line -> line.startsWith("  cuda"))
                        .map(line -> line.split(" +")[1]))
                .containsExactly("cuda:naive", "cuda");
        assertThat(ladder.out()).contains("The factor is the gain over the rung before, in the least time on h200.");
    }
}
