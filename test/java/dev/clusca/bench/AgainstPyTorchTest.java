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

class AgainstPyTorchTest {
    @TempDir
    Path folder;

    /** What was told to glibc for PyTorch's sake reached clusca's side as well, and 124 MiB of random weights stayed after they were packed. */
    @Test
    void recordsOurSideWithTheMemoryThatItTakes() throws IOException {
        ChildProcess.Result result = measure("dit-s/2:bf16:2", "sd-vae/64:f32:1");
        assertThat(result.exit()).as(result.output()).isZero();
        List<Map<String, Object>> lines = lines();
        assertThat(lines)
                .hasSize(3)
                .allSatisfy(
                        line -> assertThat(line).containsEntry("side", "clusca").containsEntry("commit", "abc"));
        assertThat(lines.subList(0, 2)).allSatisfy(line -> {
            assertThat(line)
                    .containsEntry("model", "dit-s/2")
                    .containsEntry("dtype", "bf16")
                    .containsEntry("steps", 8L)
                    .containsKey("full");
            assertThat((Long) line.get("resident_anonymous_mib")).isPositive().isLessThan(220);
        });
        assertThat(lines).extracting(line -> line.containsKey("cached")).containsExactly(true, false, false);
        assertThat(lines.get(2))
                .containsEntry("model", "sd-vae/64")
                .containsEntry("rows", 1L)
                .containsKey("decode");
    }

    @Test
    void whatFailsDoesNotCostWhatComesAfterIt() throws IOException {
        ChildProcess.Result result = measure("no-model:f32:2", "sd-vae/64:f32:1");
        assertThat(result.exit()).as(result.output()).isEqualTo(1);
        assertThat(result.output()).contains("peers.sh: exit code 1 of ", "DitTimes no-model f32 2 cpu ");
        assertThat(lines()).extracting(line -> line.get("model")).containsExactly("sd-vae/64");
    }

    private ChildProcess.Result measure(String... sizes) {
        return ChildProcess.java(
                        ChildProcess.classPath(),
                        // Or the heap would grow with the machine.
                        Map.of("JAVA_TOOL_OPTIONS", "-Xmx128m"),
                        Stream.of(
                                        new String[] {
                                            AgainstPyTorch.class.getName(),
                                            "-",
                                            "cpu",
                                            "2",
                                            "1",
                                            "abc",
                                            folder.resolve("out.jsonl").toString(),
                                            "--quick"
                                        },
                                        sizes)
                                .flatMap(Stream::of)
                                .toArray(String[]::new))
                .await();
    }

    private List<Map<String, Object>> lines() throws IOException {
        return Files.readAllLines(folder.resolve("out.jsonl")).stream()
                .map(line -> PeerTable.object(Json.parse(line, "a line")))
                .toList();
    }
}
