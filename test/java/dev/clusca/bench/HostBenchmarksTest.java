package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostBenchmarksTest {
    @TempDir
    Path folder;

    /** JCuda's own way stands beside ours, to show that the profiler sees garbage. */
    @Test
    void launchesMakeNoGarbage() throws IOException {
        Path temporary = Files.createDirectory(folder.resolve("tmp"));
        Path json = folder.resolve("host.json");
        ChildProcess.Result result = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary),
                        "-Djmh.ignoreLock=true",
                        HostBenchmarks.class.getName(),
                        "--quick",
                        "--json",
                        json.toString(),
                        "LaunchBenchmark.(launch$|graph)")
                .await();
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output()).contains("LaunchBenchmark.launch (ffm)", " ns ");

        Map<?, ?> report = (Map<?, ?>) Json.read(json);
        assertThat(report.get("schema")).isEqualTo(1L);
        assertThat(report.get("kind")).isEqualTo("host");
        List<Map<String, Object>> results = ((List<?>) report.get("results"))
                .stream().map(PeerTable::object).toList();
        assertThat(results)
                .extracting(r -> r.get("benchmark"))
                .containsExactly(
                        "LaunchBenchmark.launch (jcuda)",
                        "LaunchBenchmark.launch (ffm)",
                        "LaunchBenchmark.graphOfAHundred (jcuda)",
                        "LaunchBenchmark.graphOfAHundred (ffm)",
                        "UsualLaunchBenchmark.launch");
        assertThat(results).allSatisfy(r -> {
            assertThat(r.get("unit")).isEqualTo("ns/op");
            assertThat((Double) r.get("value")).isPositive();
        });
        assertThat(results.subList(0, 4))
                .allSatisfy(r -> assertThat((Double) r.get("bytes_per_op")).isBetween(0.0, 0.5));
        assertThat((Double) results.getLast().get("bytes_per_op")).isGreaterThan(100);
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.filter(file -> file.getFileName().toString().startsWith("clusca")))
                    .as("what the stub driver left behind")
                    .isEmpty();
        }
    }

    @Test
    void aLaunchThatAllocatesIsAComplaint() {
        assertThat(HostBenchmarks.complaints(List.of(
                        measured("LaunchBenchmark.launch (ffm)", 24),
                        measured("LaunchBenchmark.launch (jcuda)", 0.49),
                        measured("UsualLaunchBenchmark.launch", 800),
                        measured("PngBenchmark.encode", 1e6))))
                .containsExactly(
                        "LaunchBenchmark.launch (ffm) allocates 24.0 bytes a call; a launch must make no garbage");
    }

    private static HostBenchmarks.Measured measured(String name, double bytes) {
        return new HostBenchmarks.Measured(name, 100, null, "ns/op", bytes);
    }
}
