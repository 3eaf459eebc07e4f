package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.backend.Activation;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.Linear;
import dev.clusca.backend.cuda.driver.JCudaBlas;
import dev.clusca.backend.reference.Fixture;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JCublas itself, over a stand-in for cuBLAS 12 that computes in host memory. In processes of its own: a library that is loaded stays. */
class JCublasProductTest {
    private static final String NATIVES = "lib/libJCublas2-12.6.0-linux-x86_64.so";

    @TempDir
    Path folder;

    @Test
    void multipliesAsTheReference() throws IOException {
        compile();
        ChildProcess.Result result = run(Map.of(), "-Dclusca.cublas.path=" + folder);
        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output())
                .contains("stream 0x5eed, workspace of 65536 bytes, compute type 68, algorithm -1\n")
                .endsWith("destroyed\nall equal\n");
    }

    @Test
    void withoutAGpuItSaysWhichCallRefused() throws IOException {
        compile();
        ChildProcess.Result result = run(Map.of("STANDIN_NO_GPU", "1"), "-Dclusca.cublas.path=" + folder);
        assertThat(result.output())
                .contains("cublasCreate for a handle returned status 1 (CUBLAS_STATUS_NOT_INITIALIZED)")
                .contains("check nvidia-smi");
    }

    /** A cuBLAS of CUDA 13 has another name and other symbol versions: JCublas 12 cannot be linked with it. */
    @Test
    void cublas13IsNotTaken() throws IOException {
        Files.move(compile(), folder.resolve("libcublas.so.13"));
        assertThat(run(Map.of(), "-Dclusca.cublas.path=" + folder).output())
                .contains("cuBLAS 12 is not available: libcublas.so.12 was not found in " + folder)
                .contains("Remedy: install CUDA 12 (or: pip install nvidia-cublas-cu12), or name its folder with"
                        + " -Dclusca.cublas.path=DIR.");
    }

    private static ChildProcess.Result run(Map<String, String> environment, String... flags) {
        return ChildProcess.java(
                        ChildProcess.classPath(),
                        environment,
                        Stream.concat(Stream.of(flags), Stream.of(Child.class.getName()))
                                .toArray(String[]::new))
                .await();
    }

    /** With all symbols that JCublas imports, under the version that it asks for. */
    private Path compile() throws IOException {
        Path source = folder.resolve("cublas.c");
        Path natives = folder.resolve("jcublas.so");
        try (InputStream in = JCublasProductTest.class.getResourceAsStream("/dev/clusca/bindings/cublas.c");
                InputStream jar = JCublasProductTest.class.getClassLoader().getResourceAsStream(NATIVES)) {
            Files.write(natives, jar.readAllBytes());
            String code = new String(in.readAllBytes());
            Files.writeString(
                    source,
                    code
                            + tool("nm", "-D", "--undefined-only", natives.toString())
                                    .lines()
                                    .map(line -> line.replaceFirst(".* U (\\w+).*", "$1"))
                                    .filter(name -> name.startsWith("cublas") && !code.contains("int " + name + "("))
                                    .collect(Collectors.toCollection(TreeSet::new))
                                    .stream()
                                    .map(name -> "int " + name + "(void) { return NOT_SUPPORTED; }\n")
                                    .collect(Collectors.joining()));
        }
        Path version = Files.writeString(folder.resolve("version"), "libcublas.so.12 { *; };\n");
        Path library = folder.resolve("libcublas.so.12");
        tool(
                "gcc",
                "-O1",
                "-shared",
                "-fPIC",
                "-Wl,-soname,libcublas.so.12",
                "-Wl,--version-script=" + version,
                "-o",
                library.toString(),
                source.toString());
        return library;
    }

    private String tool(String... command) {
        ChildProcess.Result result =
                ChildProcess.start(folder, Map.of(), List.of(command)).await();
        assertThat(result.exit()).as(result.output()).isZero();
        return result.output();
    }

    /** Multiplies in host memory and compares with the reference. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            try (Fixture host = new Fixture()) {
                MemorySegment workspace = host.arena.allocate(1 << 16, 256);
                try (JCublasProduct products =
                        new JCublasProduct(new JCudaBlas(0x5eed, workspace.address(), workspace.byteSize()))) {
                    for (int[] extents : new int[][] {{1, 1, 1}, {3, 31, 33}, {33, 97, 2}, {40, 64, 72}}) {
                        for (DType dtype : List.of(DType.F32, DType.BF16)) {
                            check(host, products, extents[0], extents[1], extents[2], dtype);
                        }
                    }
                }
                System.out.println("all equal");
            } catch (BackendException | BlasException | NativeUnavailableException e) {
                System.out.println(e.getMessage());
                System.exit(1);
            }
        }

        private static void check(Fixture host, JCublasProduct products, int m, int k, int n, DType dtype) {
            Tensor a = host.random(dtype, m, k);
            Tensor weight = host.random(dtype, n, k);
            Tensor out = host.poison(DType.F32, m, n);
            products.multiply(
                    a, new CudaLinear(WeightLayout.ROWS, weight, null, null, k, n), false, Activation.NONE, out);
            double[] found = host.read(out);
            Linear linear = host.backend.linear(host.arena, weight, null, dtype);
            host.ops.gemm(a, linear, Activation.NONE, out);
            assertThat(found).as("%dx%dx%d of %s", m, k, n, dtype).containsExactly(host.read(out), Offset.offset(1e-4));
        }
    }
}
