package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.KernelUse;
import dev.clusca.checkpoint.CheckpointException;
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
import org.junit.jupiter.params.provider.CsvSource;

class KernelFileTest {
    private static final Environment ENVIRONMENT = new Environment(
            new Machine("a CPU", 2, 1024, 512, "Linux", "25"), "A CPU, 2 threads", "1.0", "abc", Instant.EPOCH);

    @TempDir
    Path folder;

    private static KernelResult result(String name, double micros, KernelResult.@Nullable Baseline baseline) {
        return new KernelResult(
                new KernelResult.Subject("gemm", name, "f32", "a[1] -> b[1]", "cpu", 0, CacheMode.COLD),
                new Timings(DoubleStream.generate(() -> micros).limit(20).toArray()),
                new Cost(1000, 2000),
                new Roof(1e9, 1e10, 1 << 20, "made up"),
                new KernelResult.Check(1e-7, 1e-7, 1e-5, List.of()),
                List.of(new KernelUse("k", Map.of("sm_90", 40), 1024)),
                baseline,
                Map.of("mhz", 3000.0),
                Change.NEW);
    }

    @Test
    void aFileComesBack() throws IOException {
        Path file = folder.resolve("results.json");
        KernelFile.write(
                file, ENVIRONMENT, List.of(result("gemm/a", 10, new KernelResult.Baseline("reference", 100)), result("gemm/b", 20, null)));
        KernelFile read = KernelFile.read(file);
        assertThat(read.device()).isEqualTo("A CPU, 2 threads");
        assertThat(read.rows())
                .containsExactly(
                        new KernelFile.Row("gemm/a|cpu|0|cold", "gemm/a", 10, 0, true),
                        new KernelFile.Row("gemm/b|cpu|0|cold", "gemm/b", 20, 0, true));
        assertThat(Files.readString(file)).contains("\"baseline_ratio\" : 10.0", "\"of_roof\" : 0.1", "\"sm_90\" : 40");
    }

    @Test
    void twoFilesAreComparedResultByResult() throws IOException {
        Path before = folder.resolve("before.json");
        Path after = folder.resolve("after.json");
        KernelFile.write(before, ENVIRONMENT, List.of(result("a", 10, null), result("b", 10, null), result("gone", 10, null)));
        KernelFile.write(after, ENVIRONMENT, List.of(result("a", 10, null), result("b", 11, null), result("new", 10, null)));
        ComparisonTable table = new ComparisonTable(KernelFile.read(before), KernelFile.read(after));
        assertThat(table.count(Change.SAME)).isEqualTo(1);
        assertThat(table.count(Change.SLOWER)).isEqualTo(1);
        assertThat(table.text())
                .containsPattern("b +10.00 us +11.00 us +1.100x +SLOWER")
                .contains("gone is in the first file alone", "new is in the second file alone")
                .contains("1 SAME, 0 FASTER, 1 SLOWER, 0 UNSURE");
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

    @Test
    void linesOfOtherKindsStayInAHistory() throws IOException {
        Path file = folder.resolve("a-cpu-2-threads.jsonl");
        Files.writeString(file, "{\"kind\":\"model\",\"full\":1}\n");
        History.of(folder, ENVIRONMENT).append(ENVIRONMENT, List.of(result("a", 10, null)));
        assertThat(Files.readAllLines(file)).hasSize(2).first().isEqualTo("{\"kind\":\"model\",\"full\":1}");
    }

    @Test
    void aBrokenHistoryIsNamedWithItsLine() throws IOException {
        Files.writeString(folder.resolve("a-cpu-2-threads.jsonl"), "{\"kind\":\"model\"}\n{\"kind\":\"kernel\"}\n");
        assertThatThrownBy(() -> History.of(folder, ENVIRONMENT))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("line 2 of ")
                .hasMessageContaining("lacks case");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[] | is no JSON object",
                "{\"kind\": \"kernels\"} | has schema null; expected 1",
                "{\"schema\": 2, \"kind\": \"kernels\"} | has schema 2; expected 1",
                "{\"schema\": 1, \"kind\": \"models\"} | has kind models; expected kernels",
                "{\"schema\": 1, \"kind\": \"kernels\"} | lacks results; expected a list",
                "{\"schema\": 1, \"kind\": \"kernels\", \"results\": [1]} | is no JSON object",
                "{\"schema\": 1, \"kind\": \"kernels\", \"results\": [{}]} | lacks case; expected a text",
                "{\"schema\": 1, \"kind\": \"kernels\", \"results\": []} | lacks device; expected a text"
            })
    void whatIsNoResultFileIsRefused(String text, String sentence) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.json"), text);
        assertThatThrownBy(() -> KernelFile.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("bad.json")
                .hasMessageContaining(sentence);
    }
}
