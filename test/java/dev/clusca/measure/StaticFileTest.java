package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.checkpoint.Json;
import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.pipeline.profile.Cost;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Counts of an emulated GPU: what they are worth, and two files of them. */
class StaticFileTest {
    private static final GpuModel A100 = GpuModel.parse("a100");

    /** One launch of 108 blocks: a thousand instructions and waves for each multiprocessor. */
    private static LaunchCost launch(long sectors, long conflicts) {
        Counts counts = new Counts(108_000, 3_456_000, 0, 0, 0, sectors, 108_000, 108_000, conflicts);
        return new LaunchCost(
                new LaunchReport(
                        "k",
                        Dim3.of(108),
                        Dim3.of(128),
                        List.of(),
                        counts,
                        Map.of(),
                        Map.of(InstructionClass.FLOAT, 108_000L),
                        0),
                32,
                0);
    }

    private static StaticResult result(long bytes, String... failures) {
        return new StaticResult(
                "gatherRows",
                "a",
                "f32",
                new Cost(bytes, 0),
                A100,
                List.of(launch(100, 3), launch(100, 4)),
                List.of(failures));
    }

    @Test
    void theLeastTimeIsTheMemorysOrThatOfTheLaunches() {
        // 2 x 1000 instructions of 32 lanes through 64, and waves of half of it, at 1.41 GHz.
        assertThat(result(1600).bound().unit()).isEqualTo("shared memory");
        assertThat(result(1600).boundMicros()).isCloseTo(2 * 1000 / 1.41e3, within(1e-9));
        assertThat(result(203_900_000).bound()).isEqualTo(new LaunchCost.Bound(100, "memory"));
    }

    @Test
    void trafficIsWhatIsAskedForBesideTheLeast() {
        assertThat(result(1600).traffic()).isEqualTo(4); // 200 sectors of 32 bytes
        assertThat(result(1600).counts().extraWavefronts()).isEqualTo(7);
    }

    private static String row(String name, String gpu, long sectors, long conflicts, double micros, boolean valid) {
        return """
                {"case": "%s", "gpu": "%s", "instructions": 1000, "sectors": %d, "bank_conflicts": %d, "bound_us": %s, "valid": %s}""".formatted(name, gpu, sectors, conflicts, micros, valid);
    }

    private static StaticFile file(String... rows) {
        return (StaticFile) Measured.of(
                Json.parse(
                        "{\"schema\": 1, \"kind\": \"static\", \"results\": [" + String.join(",", rows) + "]}", "file"),
                "file");
    }

    private static final String FIRST = row("a", "h200", 100, 5, 2, true);

    private static String[] compared(String later) {
        return file(FIRST)
                .beside(file(later))
                .lines()
                .skip(1)
                .map(line -> line.replaceAll(" +", " "))
                .toArray(String[]::new);
    }

    @Test
    void everyCountThatChangedIsShown() {
        assertThat(compared(FIRST)).containsExactly("1 results are the same to the last count");
        assertThat(compared(row("a", "h200", 150, 5, 3, true)))
                .containsExactly("a 1.000x 1.500x 0 1.500x", "0 results are the same to the last count");
        assertThat(compared(row("a", "h200", 100, 7, 2, true)))
                .containsExactly("a 1.000x 1.000x +2 1.000x", "0 results are the same to the last count");
        assertThat(compared(row("a", "h200", 100, 0, 2, true)))
                .containsExactly("a 1.000x 1.000x -5 1.000x", "0 results are the same to the last count");
        assertThat(compared(row("b", "h200", 100, 5, 2, true)))
                .containsExactly(
                        "b is in the second file alone",
                        "a is in the first file alone",
                        "0 results are the same to the last count");
    }

    /** The least times of two GPUs differ without any change of the code. */
    @Test
    void theTimesOfTwoGpusAreNotCompared() {
        assertThat(compared(row("a", "a100", 150, 5, 9, true)))
                .containsExactly("a 1.000x 1.500x 0 -", "0 results are the same to the last count");
        assertThat(compared(row("a", "a100", 100, 5, 9, true)))
                .containsExactly("1 results are the same to the last count");
    }

    /** What did not do its work costs less. */
    @Test
    void countsOfWrongResultsAreNotCompared() {
        String wrong = row("a", "h200", 10, 0, 1, false);
        assertThat(compared(wrong))
                .containsExactly("a is INVALID in the second file", "0 results are the same to the last count");
        assertThat(file(wrong).beside(file(FIRST))).contains("a is INVALID in the first file\n");
        assertThat(file(wrong).beside(file(wrong))).contains("a is INVALID in both files\n");
        assertThat(file().beside(file(wrong))).contains("a is in the second file alone, INVALID\n");
    }
}
