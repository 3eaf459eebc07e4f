package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.ChildProcess;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Weights that do not fit: the kernel refuses to write on at a limit, in a process of its own, as it does on a full disk. */
class FullDiskTest {
    @TempDir
    Path folder;

    /** The process that runs under the limit. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) {
            try {
                Safetensors.write(Path.of(arguments[0]), Map.of("x", zeros(1 << 18)), Map.of());
            } catch (CheckpointException e) {
                System.out.println(e.getMessage());
                System.exit(1);
            }
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void leavesTheOldFileAndNoPart() throws IOException {
        Path file = Files.writeString(folder.resolve("model.safetensors"), "old");
        ChildProcess.Result result = ChildProcess.start(
                        folder,
                        Map.of(),
                        List.of(
                                "sh",
                                "-c",
                                "ulimit -f 512; exec \"$@\"",
                                "sh",
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                // Its file of counters would be the first to reach the limit.
                                "-XX:-UsePerfData",
                                "-cp",
                                ChildProcess.classPath(),
                                Writer.class.getName(),
                                file.toString()))
                .await();
        assertThat(result.exit()).as(result.output()).isEqualTo(1);
        assertThat(result.output())
                .contains("cannot write " + file + ": File too large")
                .contains("free space");
        assertThat(file).hasContent("old");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void namesAFolderThatIsNotThere() {
        assertThatThrownBy(() ->
                        Safetensors.write(folder.resolve("no/model.safetensors"), Map.of("x", zeros(1)), Map.of()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("cannot write")
                .hasMessageContaining("does not exist; create it first");
    }

    @Test
    void refusesTheReservedName() {
        assertThatThrownBy(() -> Safetensors.write(folder.resolve("x"), Map.of("__metadata__", zeros(1)), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("__metadata__, which the format reserves");
        assertThat(folder).isEmptyDirectory();
    }

    private static Tensor zeros(int count) {
        return Tensor.of(MemorySegment.ofArray(new float[count]), DType.F32, Shape.of(count));
    }
}
