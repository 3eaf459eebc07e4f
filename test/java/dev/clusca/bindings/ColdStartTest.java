package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several JVMs that need the libraries at the same moment, with nothing in the cache. */
class ColdStartTest {
    private static final int PROCESSES = 8;

    @TempDir
    Path cache;

    @Test
    void eightProcessesAtOnceAllSucceed() throws IOException {
        List<ChildProcess> processes =
                IntStream.range(0, PROCESSES).mapToObj(_ -> start()).toList();
        assertThat(processes).extracting(ChildProcess::await).allSatisfy(result -> {
            assertThat(result.exit()).as(result.output()).isZero();
            assertThat(result.output()).isEqualTo(DnnlJar.version().replaceFirst("-.*", "") + ".0\n");
        });
        try (Stream<Path> files = Files.walk(cache)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            ".lock", "libdnnl.so.3", "libdnnl.so.3.seal", "libgomp.so.1", "libgomp.so.1.seal");
        }
    }

    private ChildProcess start() {
        return ChildProcess.java(
                ChildProcess.classPath(), Map.of("CLUSCA_CACHE", cache.toString()), PrintVersion.class.getName());
    }

    /** Opens the gate and prints oneDNN's version. */
    static final class PrintVersion {
        private PrintVersion() {}

        public static void main(String[] args) {
            System.out.println(OneDnnLibrary.version());
        }
    }
}
