package dev.clusca.bench;

import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes a {@code libcuda.so.1} that costs nothing the CUDA driver of this process, so that what is measured is the way into a driver. Needs gcc. */
final class StubDriver {
    private static final String SOURCE = "cuda_stub.c";

    private StubDriver() {}

    /** Compiles it and opens a provider on it; to be called before anything asks for a driver. Nothing stays on the disk: a library lives on in the process that loaded it. */
    static CudaDriver open(String provider) {
        try {
            Path folder = Files.createTempDirectory("clusca-stub");
            Path source = folder.resolve(SOURCE);
            Path library = folder.resolve("libcuda.so.1");
            try {
                compile(source, library);
                System.setProperty("clusca.cuda.path", library.toString());
                return CudaDrivers.open(provider);
            } finally {
                Files.deleteIfExists(library);
                Files.deleteIfExists(source);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while gcc ran", e);
        }
    }

    private static void compile(Path source, Path library) throws IOException, InterruptedException {
        try (InputStream in = StubDriver.class.getResourceAsStream(SOURCE)) {
            if (in == null) {
                throw new IllegalStateException("the benchmark jar lacks " + SOURCE + "; build it again");
            }
            Files.copy(in, source);
        }
        int exit = new ProcessBuilder(
                        "gcc",
                        "-shared",
                        "-fPIC",
                        "-O2",
                        "-Wl,-soname,libcuda.so.1",
                        "-o",
                        library.toString(),
                        source.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IllegalStateException("gcc ended with " + exit + "; its messages stand above");
        }
    }
}
