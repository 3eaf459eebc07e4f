package dev.clusca.backend.cuda;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Linear;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.backend.Ops;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.bindings.blas.LtHandle;
import dev.clusca.bindings.blas.StandInCublasLt;
import dev.clusca.cases.Effort;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpCases;
import dev.clusca.cases.OpCheck;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Products by a library and what follows them by our kernels, as one backend, beside the reference. The kernels run on the emulator; the products are cuBLASLt's stand-in's, on copies in host memory.
 */
@Tag("emulated")
class LibraryGemmTest {
    private static final long SEED = Long.getLong("clusca.seed", 20);

    /** Extents that divide nothing, and some that do. */
    private static final Pattern CASES =
            Pattern.compile("gemm[a-zA-Z]*/[^/]+/([123]x)?(1|3|33|128)x(1|31|33|97|128)(x(31|33|97|128))?(/.*)?");

    @TempDir
    Path folder;

    private StandInCublasLt library;
    private final Backend reference = Backends.require("reference", BackendOptions.DEFAULT);

    @BeforeEach
    void compile() throws IOException {
        library = new StandInCublasLt(folder);
    }

    @AfterEach
    void close() {
        reference.close();
        library.close();
    }

    /** With a library that does bias and GELU, as cuBLASLt, and with one that does nothing of it, as cuBLAS. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyProduct(boolean epilogues) {
        List<OpCase> cases = OpCases.all().stream()
                .filter(c -> LibraryGemm.OPERATIONS.contains(c.op()))
                .filter(c -> CASES.matcher(c.name()).matches())
                .toList();
        assertThat(cases.stream().map(OpCase::op).collect(toSet())).isEqualTo(LibraryGemm.OPERATIONS);
        try (CudaBackend backend = open(epilogues)) {
            for (OpCase op : cases) {
                assertThat(new OpCheck(op, backend, reference, SEED, Effort.FREE).run())
                        .as("%s %s, seed %d", op.name(), op.shape(), SEED)
                        .isInstanceOf(Verdict.Passed.class);
            }
        }
        assertThat(library.products()).isGreaterThanOrEqualTo(cases.size());
        assertThat(library.alive()).isZero();
    }

    @Test
    void everyOperationWithAProductGoesThroughIt() {
        assertThat(Arrays.stream(Ops.class.getMethods())
                        .map(Method::getName)
                        .filter(name -> name.startsWith("gemm"))
                        .collect(toSet()))
                .isEqualTo(LibraryGemm.OPERATIONS);
    }

    /** What it needs beside its arguments must be there before a capture, like all scratch memory. */
    @Test
    void sumsAreNotAllocatedWithinACapture() {
        try (CudaBackend backend = open(false);
                Arena arena = Arena.ofShared()) {
            Tensor a = backend.allocate(arena, DType.F32, Shape.of(3, 4));
            Tensor out = backend.allocate(arena, DType.F32, Shape.of(3, 5));
            Linear layer = backend.linear(
                    arena,
                    Tensor.of(MemorySegment.ofArray(new float[20]), DType.F32, Shape.of(5, 4)),
                    Tensor.of(MemorySegment.ofArray(new float[5]), DType.F32, Shape.of(5)),
                    DType.F32);
            assertThatThrownBy(() -> backend.capture(() -> backend.ops().gemm(a, layer, Activation.SILU, out)))
                    .hasMessageContaining("once with these extents before the capture");
        }
    }

    /** Their kernels take weights as our own products do, of which there is no second copy. */
    @Test
    void convolutionsAreRefusedWithTheRemedy() {
        try (CudaBackend backend = open(false);
                Arena arena = Arena.ofShared()) {
            Tensor x = backend.allocate(arena, DType.F32, Shape.of(1, 2, 2, 4));
            Tensor out = backend.allocate(arena, DType.F32, Shape.of(1, 2, 2, 5));
            Linear layer = backend.linear(
                    arena,
                    Tensor.of(MemorySegment.ofArray(new float[20]), DType.F32, Shape.of(5, 4)),
                    Tensor.of(MemorySegment.ofArray(new float[5]), DType.F32, Shape.of(5)),
                    DType.F32);
            assertThatThrownBy(() -> backend.ops().convolve(x, layer, false, null, out))
                    .isInstanceOf(OperationMissingException.class)
                    .hasMessageContaining("convolve: a layer has its weights ROWS")
                    .hasMessageContaining("decode with clusca's own products");
        }
    }

    @Test
    void aVendorsLibraryIsRefusedUnderEmulation() {
        for (String variant : List.of("cuda:cublaslt", "cuda:jcublas")) {
            assertThatThrownBy(() -> Backends.require(variant, BackendOptions.DEFAULT))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining(
                            "has no variant '" + variant.substring(5) + "' on this machine; it has cuda:naive");
        }
        System.setProperty(GemmChoice.PROPERTY, "cublaslt");
        try {
            assertThatThrownBy(() -> Backends.require("cuda", BackendOptions.DEFAULT))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("-Dclusca.cuda.gemm=cublaslt asks for what cannot be used: ")
                    .hasMessageContaining("is a stand-in, and the kernels in cuBLASLt are no PTX that it could run")
                    .hasMessageContaining("use clusca's own kernels under emulation");
            System.setProperty(GemmChoice.PROPERTY, "mkl");
            assertThatThrownBy(() -> Backends.require("cuda", BackendOptions.DEFAULT))
                    .hasMessageContaining("nobody called \"mkl\"")
                    .hasMessageContaining("own, cublaslt, jcublas");
        } finally {
            System.clearProperty(GemmChoice.PROPERTY);
        }
    }

    private CudaBackend open(boolean epilogues) {
        return CudaBackend.open(CudaDrivers.open(), 0, new GemmSource() {
            @Override
            public List<String> families() {
                return LibraryGemm.FAMILIES;
            }

            @Override
            public String description() {
                return "a stand-in";
            }

            @Override
            public Gemm open(CudaQueue queue, Kernels kernels, Scratch scratch) {
                return new LibraryGemm(
                        new HostLibrary(queue, library, epilogues), new EpilogueKernels(queue, kernels), scratch);
            }
        });
    }

    /** cuBLASLt's products on copies: the emulated device's memory is not the host's. */
    private static final class HostLibrary implements MatrixLibrary {
        private final CudaQueue queue;
        private final boolean epilogues;
        private final Arena arena = Arena.ofShared();
        private final CublasLtProduct products;

        HostLibrary(CudaQueue queue, StandInCublasLt library, boolean epilogues) {
            this.queue = queue;
            this.epilogues = epilogues;
            MemorySegment workspace = arena.allocate(1 << 16, 256);
            products = new CublasLtProduct(LtHandle.of(library.file()), 0, workspace.address(), workspace.byteSize());
        }

        @Override
        public boolean fuses(boolean bias, Activation activation, DType input, DType output) {
            return epilogues
                    ? products.fuses(bias, activation, input, output)
                    : !bias && activation == Activation.NONE && output == DType.F32;
        }

        @Override
        public void multiply(Tensor a, CudaLinear layer, boolean bias, Activation activation, Tensor out) {
            queue.stream().synchronize();
            try (Arena once = Arena.ofShared()) {
                Tensor result = Tensor.of(once.allocate(out.bytes(), 256), out.dtype(), out.shape());
                CudaLinear copy = new CudaLinear(
                        layer.layout(),
                        copied(once, layer.weight(WeightLayout.ROWS)),
                        copied(once, layer.bias()),
                        copied(once, layer.narrowBias()),
                        layer.inputs(),
                        layer.outputs());
                products.multiply(copied(once, a), copy, bias, activation, result);
                queue.context().driver().copyToDevice(out.address(), result.address(), out.bytes());
                queue.context().synchronize();
            }
        }

        private @Nullable Tensor copied(Arena once, @Nullable Tensor tensor) {
            if (tensor == null) {
                return null;
            }
            MemorySegment host = once.allocate(tensor.bytes(), 256);
            queue.context().driver().copyToHost(host.address(), tensor.address(), tensor.bytes());
            return Tensor.of(host, tensor.dtype(), tensor.shape());
        }

        @Override
        public void close() {
            products.close();
            arena.close();
        }
    }
}
