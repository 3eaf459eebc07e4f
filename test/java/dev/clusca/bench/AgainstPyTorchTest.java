package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgainstPyTorchTest {
    @TempDir
    Path folder;

    /** What was told to glibc for PyTorch's sake reached clusca's side as well, and 124 MiB of random weights stayed after they were packed. */
    @Test
    void recordsOurSideWithTheMemoryThatAModelTakes() throws IOException {
        Path out = folder.resolve("out.jsonl");
        ChildProcess.Result result = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of(),
                        AgainstPyTorch.class.getName(),
                        "-",
                        "cpu",
                        "2",
                        "1",
                        "abc",
                        out.toString(),
                        "--quick",
                        "dit-s/2:bf16:2")
                .await();
        assertThat(result.exit()).as(result.output()).isZero();
        List<Map<String, Object>> lines = Files.readAllLines(out).stream()
                .map(line -> PeerTable.object(Json.parse(line, "a line")))
                .toList();
        assertThat(lines).hasSize(2).allSatisfy(line -> {
            assertThat(line)
                    .containsEntry("side", "clusca")
                    .containsEntry("commit", "abc")
                    .containsEntry("model", "dit-s/2")
                    .containsEntry("dtype", "bf16")
                    .containsEntry("steps", 8L)
                    .containsKey("full");
            assertThat((Long) line.get("resident_anonymous_mib")).isPositive().isLessThan(220);
        });
        assertThat(lines).extracting(line -> line.containsKey("cached")).containsExactly(true, false);
    }
}
