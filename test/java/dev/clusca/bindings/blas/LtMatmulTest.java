package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The objects of cuBLASLt over a stand-in: what they ask of it, what they say when it refuses, and that they go. */
class LtMatmulTest {
    private static final long WORKSPACE_BYTES = 1 << 16;

    @TempDir
    Path folder;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment workspace = arena.allocate(WORKSPACE_BYTES, 256);
    private StandInCublasLt library;

    @BeforeEach
    void compile() throws IOException {
        library = new StandInCublasLt(folder);
    }

    @AfterEach
    void close() {
        arena.close();
        library.close();
    }

    /** Numbers by hand: the rows of a meet the rows of the weights. */
    @Test
    void multipliesRowMajorMatrices() {
        MemorySegment a = floats(1, 2, 3, 4, 5, 6);
        MemorySegment weight = floats(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1);
        MemorySegment bias = floats(10, 20, 30, 40);
        MemorySegment out = arena.allocate(JAVA_FLOAT, 8);
        LtShape shape = shape(LtEpilogue.BIAS, a, weight, out);
        try (LtHandle handle = LtHandle.of(library.file());
                LtMatmul product = new LtMatmul(handle, shape, bias.address(), WORKSPACE_BYTES)) {
            product.run(a.address(), weight.address(), bias.address(), out.address(), workspace.address(), 77);
        }
        assertThat(out.toArray(JAVA_FLOAT)).containsExactly(11, 22, 33, 46, 14, 25, 36, 55);
        assertThat(library.stream()).isEqualTo(77);
        assertThat(library.workspace()).isEqualTo(workspace.address());
        assertThat(library.alive()).isZero();
    }

    /** A layer's bias follows it, though the plan is one for all layers of its shape. */
    @Test
    void oneSearchServesEveryBias() {
        MemorySegment a = floats(1, 0, 0, 0, 1, 0);
        MemorySegment weight = floats(new float[12]);
        MemorySegment out = arena.allocate(JAVA_FLOAT, 8);
        try (LtHandle handle = LtHandle.of(library.file());
                LtMatmul product = new LtMatmul(
                        handle,
                        shape(LtEpilogue.BIAS, a, weight, out),
                        floats(0, 0, 0, 0).address(),
                        WORKSPACE_BYTES)) {
            for (float value : new float[] {3, 5, 3}) {
                MemorySegment bias = floats(value, value, value, value);
                product.run(a.address(), weight.address(), bias.address(), out.address(), workspace.address(), 0);
                assertThat(out.toArray(JAVA_FLOAT)).containsOnly(value);
            }
        }
        assertThat(library.heuristics()).isOne();
        assertThat(library.products()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({
        "cublasLtCreate, 1, 'cublasLtCreate for a handle', 'check nvidia-smi'",
        "cublasLtMatmulDescCreate, 3, 'a product 2x3x4 of F32 to F32 with epilogue BIAS', 'use a smaller batch'",
        "cublasLtMatmulDescSetAttribute, 7, 'returned status 7 (CUBLAS_STATUS_INVALID_VALUE)', 'tell the authors'",
        "cublasLtMatrixLayoutCreate, 3, 'cublasLtMatrixLayoutCreate', 'there is no memory for it'",
        "cublasLtMatmulAlgoGetHeuristic, 15, 'has no algorithm for these types, extents and addresses', '-Dclusca.cuda.gemm=own'",
        "cublasLtMatmul, 13, 'cublasLtMatmul for a product', 'its kernel could not be launched'",
        "cublasLtMatmul, 99, 'returned status 99', 'which this version of clusca does not know'"
    })
    void aRefusalSaysWhichCallWhyAndWhatToDo(String function, int status, String what, String remedy) {
        library.fail(function, status);
        assertThatExceptionOfType(BlasException.class)
                .isThrownBy(this::product)
                .withMessageContaining(function)
                .withMessageContaining(what)
                .withMessageContaining(remedy)
                .satisfies(e -> assertThat(e.status()).isEqualTo(status));
        assertThat(library.alive()).as("objects left behind").isZero();
    }

    @Test
    void noAlgorithmIsAnError() {
        library.fail("none", 0);
        assertThatExceptionOfType(BlasException.class)
                .isThrownBy(this::product)
                .withMessage(
                        "cublasLtMatmulAlgoGetHeuristic for a product 2x3x4 of F32 to F32 with epilogue BIAS returned"
                                + " status 15 (CUBLAS_STATUS_NOT_SUPPORTED): it has no algorithm for these types, extents and"
                                + " addresses; use clusca's own kernels, -Dclusca.cuda.gemm=own");
        assertThat(library.alive()).isZero();
    }

    private void product() {
        MemorySegment a = floats(1, 2, 3, 4, 5, 6);
        MemorySegment weight = floats(new float[12]);
        MemorySegment bias = floats(new float[4]);
        MemorySegment out = arena.allocate(JAVA_FLOAT, 8);
        try (LtHandle handle = LtHandle.of(library.file());
                LtMatmul product =
                        new LtMatmul(handle, shape(LtEpilogue.BIAS, a, weight, out), bias.address(), WORKSPACE_BYTES)) {
            product.run(a.address(), weight.address(), bias.address(), out.address(), workspace.address(), 0);
        }
    }

    @Test
    void readsVersions() {
        assertThat(LtHandle.version(130_101)).isEqualTo("13.1.1");
        assertThat(LtHandle.version(120_903)).isEqualTo("12.9.3");
    }

    @Test
    void promisesTheAlignmentThatThereIs() {
        LtShape shape = LtShape.at(1, 2, 3, LtType.BF16, LtType.F32, LtEpilogue.NONE, 0x1002, 0x7f00, 0x1010);
        assertThat(shape.alignA()).isEqualTo(2);
        assertThat(shape.alignWeight()).isEqualTo(256);
        assertThat(shape.alignOut()).isEqualTo(16);
    }

    private static LtShape shape(LtEpilogue epilogue, MemorySegment a, MemorySegment weight, MemorySegment out) {
        return LtShape.at(2, 4, 3, LtType.F32, LtType.F32, epilogue, a.address(), weight.address(), out.address());
    }

    private MemorySegment floats(float... values) {
        return arena.allocateFrom(JAVA_FLOAT, values);
    }
}
