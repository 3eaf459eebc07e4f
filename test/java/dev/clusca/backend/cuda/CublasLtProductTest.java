package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Activation;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.Linear;
import dev.clusca.backend.reference.Fixture;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.bindings.blas.LtHandle;
import dev.clusca.bindings.blas.StandInCublasLt;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** cuBLASLt's products beside the reference's, through all that is ours, over a stand-in that computes in host memory. */
class CublasLtProductTest {
    private static final long STREAM = 0x5eed;

    @TempDir
    Path folder;

    private final Fixture host = new Fixture();
    private final MemorySegment workspace = host.arena.allocate(1 << 16, 256);
    private StandInCublasLt library;
    private CublasLtProduct products;

    @BeforeEach
    void open() throws IOException {
        library = new StandInCublasLt(folder);
        products = new CublasLtProduct(LtHandle.of(library.file()), STREAM, workspace.address(), workspace.byteSize());
    }

    @AfterEach
    void close() {
        products.close();
        assertThat(library.alive()).as("objects left behind").isZero();
        library.close();
        host.close();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "1, 32, 8",
        "3, 31, 33",
        "31, 33, 3",
        "32, 97, 31",
        "33, 128, 97",
        "97, 200, 128",
        "128, 64, 144",
        "200, 96, 1",
        "257, 32, 12"
    })
    void extents(int m, int k, int n) {
        for (DType input : List.of(DType.F32, DType.BF16)) {
            for (DType output : List.of(DType.F32, DType.BF16)) {
                for (Activation activation : Activation.values()) {
                    for (boolean bias : new boolean[] {true, false}) {
                        if (products.fuses(bias, activation, input, output)) {
                            check(host.random(input, m, k), n, bias, activation, output);
                        }
                    }
                }
            }
        }
        assertThat(library.stream()).isEqualTo(STREAM);
        assertThat(library.workspace()).isEqualTo(workspace.address());
    }

    /** The contract of its epilogues: SiLU is none, and float32 operands give float32. */
    @Test
    void saysWhatItFuses() {
        for (boolean bias : new boolean[] {true, false}) {
            assertThat(products.fuses(bias, Activation.NONE, DType.BF16, DType.BF16))
                    .isTrue();
            assertThat(products.fuses(bias, Activation.GELU_TANH, DType.BF16, DType.F32))
                    .isTrue();
            assertThat(products.fuses(bias, Activation.GELU_TANH, DType.F32, DType.F32))
                    .isTrue();
            assertThat(products.fuses(bias, Activation.SILU, DType.BF16, DType.BF16))
                    .isFalse();
            assertThat(products.fuses(bias, Activation.NONE, DType.F32, DType.BF16))
                    .isFalse();
        }
        Tensor a = host.random(DType.F32, 2, 3);
        assertThatThrownBy(() -> check(a, 4, true, Activation.SILU, DType.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no epilogue with SiLU");
    }

    @Test
    void anAlgorithmIsSearchedOnceForEachShape() {
        for (int round = 0; round < 3; round++) {
            Tensor a = aligned(host.random(DType.BF16, 5, 64));
            check(a, 40, true, Activation.NONE, DType.BF16);
            check(a, 40, true, Activation.GELU_TANH, DType.BF16);
            check(a, 40, true, Activation.NONE, DType.F32);
            check(aligned(host.random(DType.BF16, 6, 64)), 40, true, Activation.NONE, DType.BF16);
        }
        assertThat(library.products()).isEqualTo(12);
        assertThat(library.heuristics()).isEqualTo(4);
    }

    /** Rows of a batch begin anywhere: the stand-in refuses an address that is aligned worse than was promised when the algorithm was searched. */
    @Test
    void tensorsThatBeginAnywhere() {
        Tensor all = host.random(DType.BF16, 9, 33);
        for (int first = 0; first < 8; first++) {
            check(all.rows(first, 1), 21, true, Activation.NONE, DType.BF16);
        }
        assertThat(library.heuristics()).isBetween(2L, 8L);
    }

    @Test
    void nanStaysInItsRow() {
        Tensor a = host.random(DType.BF16, 4, 32);
        a.slice(2).memory().fill((byte) 0xff);
        check(a, 24, true, Activation.GELU_TANH, DType.BF16);
    }

    @Test
    void whatTheLibraryRefusesIsTheBackendsError() {
        library.fail("cublasLtMatmul", 14);
        Tensor a = host.random(DType.F32, 2, 3);
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> check(a, 4, true, Activation.NONE, DType.F32))
                .withMessageContaining("cublasLtMatmul for a product 2x3x4 of F32 to F32")
                .withMessageContaining("CUBLAS_STATUS_INTERNAL_ERROR")
                .withCauseInstanceOf(BlasException.class);
    }

    @Test
    void withoutAnAlgorithmItSaysSoEachTime() {
        library.fail("none", 0);
        Tensor a = host.random(DType.F32, 2, 3);
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(BackendException.class)
                    .isThrownBy(() -> check(a, 4, false, Activation.NONE, DType.F32))
                    .withMessageContaining("has no algorithm")
                    .withMessageContaining("-Dclusca.cuda.gemm=own");
        }
    }

    @Test
    void weightsOfAnotherLayoutAreRefused() {
        Tensor weight = host.random(DType.F32, 4, 3);
        CudaLinear packed = new CudaLinear(WeightLayout.PACKED, weight, null, null, 3, 4);
        assertThatThrownBy(() -> products.multiply(
                        host.random(DType.F32, 2, 3), packed, false, Activation.NONE, host.poison(DType.F32, 2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has its weights PACKED, and this backend takes them ROWS");
    }

    private void check(Tensor a, int n, boolean biased, Activation activation, DType output) {
        int k = a.shape().size(1);
        Tensor weight = host.random(DType.F32, n, k);
        Tensor bias = biased ? host.random(DType.F32, n) : null;
        Tensor out = aligned(host.poison(output, a.shape().dim(0), n));
        products.multiply(a, layer(weight, bias, a.dtype()), biased, activation, out);
        double[] found = host.read(out);
        Linear linear = host.backend.linear(host.arena, weight, rounded(bias, output), a.dtype());
        host.ops.gemm(a, linear, activation, out);
        double[] expected = host.read(out);
        double most = 0;
        for (double value : expected) {
            most = Double.isNaN(value) ? most : Math.max(most, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            String element = "element %d of %dx%dx%d %s to %s, bias %s, %s"
                    .formatted(i, a.shape().dim(0), k, n, a.dtype(), output, biased, activation);
            if (Double.isNaN(expected[i])) {
                assertThat(found[i]).as(element).isNaN();
            } else {
                // The same sums but for their order; of BF16 then the last bit may differ.
                double bound = output == DType.BF16 ? Math.scalb(Math.abs(expected[i]), -7) : 1e-6 * most;
                assertThat(Math.abs(found[i] - expected[i])).as(element).isLessThanOrEqualTo(bound + 1e-6 * most);
            }
        }
    }

    /** A copy where a GPU's memory would begin. */
    private Tensor aligned(Tensor tensor) {
        MemorySegment memory = host.arena.allocate(tensor.bytes(), 256);
        memory.copyFrom(tensor.memory());
        return Tensor.of(memory, tensor.dtype(), tensor.shape());
    }

    /** As the library takes it. */
    private @Nullable Tensor rounded(@Nullable Tensor bias, DType output) {
        return bias == null || output == DType.F32
                ? bias
                : host.of(DType.BF16, bias.shape().toArray(), host.read(bias));
    }

    /** As the backend makes it, in host memory. */
    private CudaLinear layer(Tensor weight, @Nullable Tensor bias, DType dtype) {
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        Tensor rows = aligned(host.poison(dtype, outputs, inputs));
        WeightLayout.ROWS.pack(
                weight,
                dtype,
                (element, piece) ->
                        MemorySegment.copy(piece, 0, rows.memory(), element * dtype.bytes(), piece.byteSize()));
        assertThat(WeightLayout.ROWS.shape(outputs, inputs, dtype)).isEqualTo(rows.shape());
        Tensor narrow = null;
        if (bias != null && dtype == DType.BF16) {
            short[] values = PackedWeights.narrow(bias);
            narrow = host.poison(DType.BF16, outputs);
            narrow.memory().copyFrom(MemorySegment.ofArray(values));
            assertThat(values[0]).isEqualTo(Bf16.fromFloat((float) host.read(bias)[0]));
        }
        return new CudaLinear(WeightLayout.ROWS, rows, bias, narrow, inputs, outputs);
    }
}
