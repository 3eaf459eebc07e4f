package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.KernelUse;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.profile.Cost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelFileTest {
    private static final Environment ENVIRONMENT = new Environment(
            new Machine("a CPU", 2, 1024, 512, "Linux", "25"), "A CPU, 2 threads", "1.0", "abc", Instant.EPOCH);

    @TempDir
    Path folder;

    private static KernelResult result(String name, double micros, KernelResult.@Nullable Baseline baseline) {
        return new KernelResult(
                new KernelResult.Subject("gemm", name, "f32", "a[1] -> b[1]", "cpu", 0, CacheMode.COLD),
                new Timings(DoubleStream.generate(() -> micros).limit(20).toArray()),
                DeviceSpeed.UNKNOWN,
                new Cost(1000, 2000),
                new Roof(1e9, 1e10, 1 << 20, "made up"),
                new KernelResult.Check(1e-7, 1e-7, 1e-5, List.of()),
                List.of(new KernelUse("k", Map.of("sm_90", 40), 1024)),
                baseline,
                Map.of("mhz", 3000.0),
                Change.NEW);
    }

    /** The same with wrong results. */
    private static KernelResult wrong(String name, double micros) {
        KernelResult right = result(name, micros, null);
        return new KernelResult(
                right.subject(),
                right.time(),
                right.device(),
                right.cost(),
                right.roof(),
                new KernelResult.Check(1, 1, 1e-5, List.of("made up")),
                right.kernels(),
                null,
                right.conditions(),
                Change.NEW);
    }

    @Test
    void aFileComesBack() throws IOException {
        Path file = folder.resolve("results.json");
        KernelFile.write(
                file,
                ENVIRONMENT,
                List.of(result("gemm/a", 10, new KernelResult.Baseline("reference", 100)), result("gemm/b", 20, null)));
        KernelFile read = (KernelFile) Measured.read(file);
        assertThat(read.device()).isEqualTo("A CPU, 2 threads");
        assertThat(read.points())
                .containsExactly(
                        new KernelFile.Point("gemm/a", "gemm", "f32", 10, 1000, 2000, true, "cpu|0|cold", 0, 0),
                        new KernelFile.Point("gemm/b", "gemm", "f32", 20, 1000, 2000, true, "cpu|0|cold", 0, 0));
        assertThat(read.points().getFirst().key())
                .isEqualTo(result("gemm/a", 1, null).subject().key());
        assertThat(Files.readString(file)).contains("\"baseline_ratio\" : 10.0", "\"of_roof\" : 0.1", "\"sm_90\" : 40");
    }

    @Test
    void twoFilesAreComparedResultByResult() throws IOException {
        Path before = folder.resolve("before.json");
        Path after = folder.resolve("after.json");
        KernelFile.write(
                before, ENVIRONMENT, List.of(result("a", 10, null), result("b", 10, null), result("gone", 10, null)));
        KernelFile.write(
                after, ENVIRONMENT, List.of(result("a", 10, null), result("b", 11, null), result("new", 10, null)));
        ComparisonTable table =
                new ComparisonTable((KernelFile) Measured.read(before), (KernelFile) Measured.read(after));
        assertThat(table.count(Change.SAME)).isEqualTo(1);
        assertThat(table.count(Change.SLOWER)).isEqualTo(1);
        assertThat(table.text())
                .containsPattern("b +10.00 us +11.00 us +1.100x +SLOWER")
                .contains("gone is in the first file alone", "new is in the second file alone")
                .contains("1 SAME, 0 FASTER, 1 SLOWER, 0 UNSURE, 0 INVALID");
        assertThat(table.invalid()).isZero();
        assertThat(table.missing()).isEqualTo(1);
    }

    @Test
    void whatIsInvalidIsNotUnsure() {
        ComparisonTable table = new ComparisonTable(
                KernelFile.of(ENVIRONMENT, List.of(result("a", 10, null), wrong("b", 10))),
                KernelFile.of(ENVIRONMENT, List.of(wrong("a", 10), result("b", 10, null), wrong("new", 10))));
        assertThat(table.invalid()).isEqualTo(3);
        assertThat(table.missing()).isZero();
        assertThat(table.text())
                .containsPattern("a +10.00 us +10.00 us +1.000x +INVALID")
                .containsPattern("b +10.00 us +10.00 us +1.000x +INVALID")
                .contains("new is in the second file alone, INVALID", "0 UNSURE, 3 INVALID");
    }

    /** By its samples and by what else the device had to do: 3, 4, 5. */
    @Test
    void aResultIsAsUncertainAsItsSamplesAndTheDevice() {
        KernelResult calm = result("a", 10, null);
        KernelResult disturbed = new KernelResult(
                calm.subject(),
                new Timings(9.7, 9.7, 10, 10, 10.3, 10.3),
                new DeviceSpeed(40, 0.04),
                calm.cost(),
                calm.roof(),
                calm.check(),
                List.of(),
                null,
                Map.of(),
                Change.NEW);
        assertThat(disturbed.noise()).isCloseTo(0.05, within(1e-12));
        assertThat(KernelFile.Point.of(disturbed).noise()).isEqualTo(disturbed.noise());
        Map<String, Object> json = disturbed.toJson();
        assertThat(json)
                .containsEntry("noise", disturbed.noise())
                .containsEntry("device_us", 40.0)
                .containsEntry("bound", "memory");
        assertThat((double) json.get("of_bandwidth")).isCloseTo(0.1, within(1e-12));
        assertThat((double) json.get("of_flops")).isCloseTo(0.02, within(1e-12));
    }

    @Test
    void aLineHoldsWhatWasReachedOfEachPeak() {
        assertThat(KernelTable.line(result("gemm/f32/1x2x3/none", 10, new KernelResult.Baseline("reference", 100)))
                        .strip()
                        .split(" +"))
                .containsExactly(
                        "gemm",
                        "1x2x3/none",
                        "f32",
                        "10.00",
                        "us",
                        "0.0%",
                        "0.1",
                        "10%",
                        "0.2",
                        "2%",
                        "10%",
                        "memory",
                        "10.0x",
                        "reference",
                        "-");
        assertThat(KernelTable.line(wrong("a", 10))).endsWith(" - -      \u0020 INVALID: wrong results: made up\n");
    }

    @Test
    void aTableOfAHistoryHoldsTheNewestValidRecordOfEachOperation() throws IOException {
        History history = History.of(folder, ENVIRONMENT);
        history.append(ENVIRONMENT, List.of(result("gemm/f32/1/none", 400, null), result("short", 150, null)));
        history.append(
                ENVIRONMENT,
                List.of(result("gemm/f32/1/none", 250, new KernelResult.Baseline("onednn", 500)), wrong("other", 300)));
        history.append(ENVIRONMENT, List.of(wrong("gemm/f32/1/none", 300)));
        assertThat(new HistoryTable(history.file()).markdown()).isEqualTo("""
                | operation | dtype | median | uncertainty | of the roof | baseline takes |
                |---|---|---|---|---|---|
                | gemm 1/none | f32 | 250 us | +- 0 % | 0 % (memory) | 2.0x onednn |
                """);
    }

    /** A kernel that is a fifth slower on a device that is a fifth slower itself tells nothing. */
    @Test
    void theDevicesOwnSpeedIsNoDoingOfTheCode() {
        KernelFile.Point before = point(100, 40);
        assertThat(point(120, 40).since(before)).isEqualTo(Change.SLOWER);
        assertThat(point(120, 48).since(before)).isEqualTo(Change.UNSURE);
        assertThat(point(120, 0).since(before)).isEqualTo(Change.SLOWER); // its speed is not known
    }

    private static KernelFile.Point point(double micros, double device) {
        return new KernelFile.Point("a", "gemm", "f32", micros, 8, 8, true, "cpu|0|cold", 0.005, device);
    }

    @Test
    void aHistoryGrowsAndJudges() throws IOException {
        History empty = History.of(folder, ENVIRONMENT);
        assertThat(empty.change(result("a", 10, null))).isEqualTo(Change.NEW);
        empty.append(ENVIRONMENT, List.of(result("a", 5, null)));
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null)));
        History history = History.of(folder, ENVIRONMENT);
        assertThat(history.file()).hasFileName("a-cpu-2-threads.jsonl");
        assertThat(Files.readAllLines(history.file())).hasSize(2);
        assertThat(history.change(result("a", 10, null))).isEqualTo(Change.SAME);
        assertThat(history.change(result("a", 12, null))).isEqualTo(Change.SLOWER);
        assertThat(history.change(result("b", 12, null))).isEqualTo(Change.NEW);
    }

    /** Of a measured number seven digits are kept, of a count all. */
    @Test
    void aHistoryKeepsNoNoise() throws IOException {
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 1234.5678901234, null)));
        Map<?, ?> line = (Map<?, ?>)
                Json.parse(Files.readString(History.of(folder, ENVIRONMENT).file()), "the record");
        assertThat(line.get("median_us")).isEqualTo(1234.568);
        assertThat(line.get("flops")).isEqualTo(result("a", 1, null).toJson().get("flops"));
    }

    @Test
    void aHistoryJudgesByTheNewestValidRecord() throws IOException {
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null), wrong("a", 5)));
        assertThat(History.of(folder, ENVIRONMENT).change(result("a", 10, null)))
                .isEqualTo(Change.SAME);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", ""})
    void linesOfOtherKindsStayInAHistory(String lastEnd) throws IOException {
        Path file = folder.resolve("a-cpu-2-threads.jsonl");
        Files.writeString(file, "{\"kind\":\"model\",\"full\":1}" + lastEnd);
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null)));
        assertThat(Files.readAllLines(file)).hasSize(2).first().isEqualTo("{\"kind\":\"model\",\"full\":1}");
    }

    @Test
    void whatOthersAddWhileOneMeasuresStaysInAHistory() throws IOException {
        History slow = History.of(folder, ENVIRONMENT);
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null)));
        slow.append(ENVIRONMENT, List.of(result("b", 20, null)));
        History history = History.of(folder, ENVIRONMENT);
        assertThat(history.change(result("a", 10, null))).isEqualTo(Change.SAME);
        assertThat(history.change(result("b", 20, null))).isEqualTo(Change.SAME);
    }

    @Test
    void aBrokenHistoryIsNamedWithItsLine() throws IOException {
        Files.writeString(
                folder.resolve("a-cpu-2-threads.jsonl"), "{\"kind\":\"model\"}\n{\"kind\":\"kernel\",\"schema\":1}\n");
        assertThatThrownBy(() -> History.of(folder, ENVIRONMENT))
                .isInstanceOf(ResultException.class)
                .hasMessageContaining("line 2 of ")
                .hasMessageContaining("has no case, expected a text");
    }

    /** Under another schema a key may mean something else. */
    @Test
    void aRecordOfALaterVersionIsNotJudgedBy() throws IOException {
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null)));
        Path file = folder.resolve("a-cpu-2-threads.jsonl");
        Files.writeString(file, Files.readString(file).replace("\"schema\":1", "\"schema\":2"));
        assertThatThrownBy(() -> History.of(folder, ENVIRONMENT))
                .isInstanceOf(ResultException.class)
                .hasMessage("line 1 of " + file
                        + " has schema 2, and this version reads schema 1; use the clusca that wrote it");
    }
}
