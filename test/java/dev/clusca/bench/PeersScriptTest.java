package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import dev.clusca.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench/peers.sh} in a small tree of its own, with scripts in place of the launcher, Java and Python. */
class PeersScriptTest {
    @TempDir
    Path folder;

    private Path java;
    private Path python;

    @BeforeEach
    void makeTree() throws IOException {
        java = Script.write(folder.resolve("bin/java"), "echo \"java ${*:4}\"\n");
        Script.write(
                folder.resolve("clusca"),
                "[[ $1 == --show-command ]] && echo '" + java + " x' || echo \"clusca $*\"\n");
        Script.write(folder.resolve("bench/peers.sh"), Files.readString(Repository.path("bench", "peers.sh")));
        python = Script.write(
                folder.resolve("bin/python3"), "[[ $1 != -c ]] || exit \"$WITHOUT_TORCH\"; echo \"python $*\" >&2\n");
    }

    @Test
    void measuresBothSidesAndJoinsThem() {
        ChildProcess.Result result = peers("0", "all", "--dtype", "bf16", "--threads", "3", "dit-s/2:f32:2");
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("clusca build bench"),
                        line -> assertThat(line)
                                .startsWith(
                                        "clusca bench kernels --backend cpu --shapes dit-xl/2 --dtype bf16 --threads 3 --json /"),
                        line -> assertThat(line)
                                .isEqualTo(
                                        "python bench/peers.py kernels dit-xl/2 --dtype bf16 --device cpu --threads 3 --compile"),
                        line -> assertThat(line)
                                .matches(
                                        "java dev.clusca.bench.AgainstPyTorch python3 cpu 3 2 .*bench/target/peers.jsonl dit-s/2:f32:2"),
                        line -> assertThat(line)
                                .matches(
                                        "java dev.clusca.bench.PeerTable --kernels /.* --peers /.* --models bench/target/peers.jsonl"));
    }

    /** It used to measure clusca on the CPU beside PyTorch on the GPU. */
    @Test
    void theDeviceIsThatOfBothSides() {
        assertThat(peers("0", "all", "--device", "cuda", "dit-xl/2:bf16:64").output())
                .contains("clusca bench kernels --backend cuda ")
                .contains("--device cuda --threads")
                .contains("AgainstPyTorch python3 cuda ");
    }

    @Test
    void withoutPyTorchClusCaIsMeasuredAlone() {
        ChildProcess.Result result = peers("1", "all", "--quick", "dit-s/2:f32:2");
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output())
                .doesNotContain("python bench/peers.py")
                .containsPattern("AgainstPyTorch - cpu [0-9]+ 2 .* --quick dit-s/2:f32:2\n")
                .endsWith(" --absent pytorch: absent, tried .venv/bin/python python3; pip install torch,"
                        + " or name a Python that imports it with --python\n");
    }

    @Test
    void theNamedPythonIsTheOneThatIsTried() throws IOException {
        Path mine = Script.write(folder.resolve("mine"), "exit 1\n");
        assertThat(peers("0", "kernels", "--python", mine.toString(), "--ours", "o.json")
                        .output())
                .contains("--kernels o.json")
                .endsWith("pytorch: absent, tried " + mine
                        + "; pip install torch, or name a Python that imports it with --python\n");
        assertThat(peers("1", "kernels", "--python", python.toString()).output())
                .contains("tried " + python + ";");
    }

    @Test
    void wrongUsageIsASentence() {
        assertUsage("which peers? There are kernels, models and all; see the head of this file");
        assertUsage("there is no option --bogus; see the head of this file", "models", "--bogus");
        assertUsage("--dtype needs a value", "kernels", "--dtype");
        assertUsage(
                "'dit-s/2:f64:2' is not MODEL:DTYPE:ROWS, as in dit-xl/2:bf16:2, two rows being one image",
                "models",
                "dit-s/2:f32:2",
                "dit-s/2:f64:2");
        assertUsage("kernels takes no dit-s/2; --shapes names the model", "kernels", "dit-s/2");
    }

    private void assertUsage(String sentence, String... arguments) {
        ChildProcess.Result result = peers("0", arguments);
        assertThat(result.output()).isEqualTo("peers.sh: " + sentence + "\n");
        assertThat(result.exit()).isEqualTo(2);
    }

    private ChildProcess.Result peers(String withoutTorch, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("bench/peers.sh").toString()));
        command.addAll(List.of(arguments));
        return ChildProcess.start(
                        folder,
                        Map.of("PATH", folder + "/bin:" + System.getenv("PATH"), "WITHOUT_TORCH", withoutTorch),
                        command)
                .await();
    }
}
