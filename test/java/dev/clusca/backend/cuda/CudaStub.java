package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/** A {@code libcuda.so.1} that runs nothing but what the suite needs, compiled from the benchmark's source. */
final class CudaStub {
    private CudaStub() {}

    /** Compiles it, with definitions as in {@code -DNAME}. */
    static Path compile(Path folder, String... definitions) {
        Path library = folder.resolve("libcuda.so.1");
        ChildProcess.Result gcc = ChildProcess.start(
                        folder,
                        Map.of(),
                        Stream.concat(
                                        Stream.of(
                                                "gcc",
                                                "-shared",
                                                "-fPIC",
                                                "-O2",
                                                "-Wall",
                                                "-Wextra",
                                                "-Werror",
                                                "-Wl,-soname,libcuda.so.1",
                                                "-o",
                                                library.toString(),
                                                Repository.path("bench", "native", "cuda_stub.c")
                                                        .toString()),
                                        Arrays.stream(definitions))
                                .toList())
                .await();
        assertThat(gcc.exit()).as(gcc.output()).isZero();
        return library;
    }
}
