package dev.clusca.bindings.dnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import dev.clusca.bindings.NativeLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compiles libraries that stand in for NVIDIA's. */
public final class CudnnStandIn {
    private CudnnStandIn() {}

    /** A cuDNN that computes on host memory, in the two files that the gate looks for. */
    public static Path cudnn(Path folder, String... definitions) throws IOException {
        Path library = folder.resolve("libcudnn.so.9");
        gcc(library, Repository.path("test", "native", "cudnn_stand_in.c"), definitions);
        Files.copy(library, folder.resolve("libcudnn_graph.so.9"));
        return library;
    }

    /** A cuBLASLt with all functions, none of which does anything but tell a version. */
    public static Path cublasLt(Path folder, int cudart) throws IOException {
        StringBuilder source = new StringBuilder();
        try (InputStream in = NativeLibrary.class.getResourceAsStream("cublaslt/symbols.txt")) {
            assertThat(in).isNotNull();
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replace("?", "").strip())
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .forEach(name -> source.append("unsigned long ")
                            .append(name)
                            .append("(void) { return ")
                            .append(name.equals("cublasLtGetCudartVersion") ? cudart : 0)
                            .append("; }\n"));
        }
        Path file = Files.writeString(folder.resolve("cublaslt.c"), source);
        Path library = folder.resolve("libcublasLt.so.13");
        gcc(library, file);
        return library;
    }

    /** A driver with which the real cuDNN makes plans. */
    static Path cuda(Path folder) {
        Path library = folder.resolve("libcuda.so.1");
        gcc(library, Repository.path("test", "native", "cuda_for_planning.c"));
        return library;
    }

    private static void gcc(Path library, Path source, String... definitions) {
        List<String> command = new ArrayList<>(List.of(
                "gcc",
                "-std=gnu11",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-shared",
                "-fPIC",
                "-Wl,-soname," + library.getFileName(),
                "-o",
                library.toString(),
                source.toString(),
                "-lm"));
        command.addAll(List.of(definitions));
        ChildProcess.Result gcc =
                ChildProcess.start(library.getParent(), Map.of(), command).await();
        assertThat(gcc.exit()).as(gcc.output()).isZero();
    }
}
