package dev.clusca.bindings.dnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.cudnn.Cudnn;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Descriptors, graphs and plans, on the stand-in and on the real cuDNN; run by {@link CudnnTest}. Needs no GPU. */
@EnabledIfSystemProperty(named = CudnnTest.SUITE, matches = ".*")
class CudnnDescriptorSuite {
    /** Of the tests below, with their rows. */
    static final int TESTS = 8 + 3 + 12 + 6 + 9;

    @BeforeAll
    static void open() {
        CudnnLibrary.gate().ensureAvailable();
    }

    @Test
    void aTensorHasWhatItWasGiven() {
        CudnnTensor images = CudnnTensor.images(42, CudnnType.BF16, 2, 5, 3, 4);
        try (Descriptor descriptor = images.describe()) {
            assertThat(descriptor.readIntegers(Cudnn.CUDNN_ATTR_TENSOR_DIMENSIONS(), 8))
                    .containsExactly(2, 5, 3, 4);
            assertThat(descriptor.readIntegers(Cudnn.CUDNN_ATTR_TENSOR_STRIDES(), 8))
                    .containsExactly(60, 1, 20, 5);
            assertThat(descriptor.readIntegers(Cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID(), 1))
                    .containsExactly(42);
            assertThat(descriptor.readCodes(Cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE(), Cudnn.CUDNN_TYPE_DATA_TYPE(), 1))
                    .containsExactly(Cudnn.CUDNN_DATA_BFLOAT16());
        }
    }

    @Test
    void headsLieInPackedTokens() {
        try (Descriptor descriptor =
                CudnnTensor.heads(1, CudnnType.BF16, 2, 4, 7, 32, 3 * 4 * 32).describe()) {
            assertThat(descriptor.readIntegers(Cudnn.CUDNN_ATTR_TENSOR_DIMENSIONS(), 4))
                    .containsExactly(2, 4, 7, 32);
            assertThat(descriptor.readIntegers(Cudnn.CUDNN_ATTR_TENSOR_STRIDES(), 4))
                    .containsExactly(7 * 384, 32, 384, 1);
        }
    }

    @Test
    void whatIsMissingIsSaidWhenItIsSealed() {
        try (Descriptor descriptor = new Descriptor(Cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR(), "a bare tensor")) {
            assertRefused(descriptor::seal, "cudnnBackendFinalize", "a bare tensor");
        }
    }

    @Test
    void anAttributeTakesItsTypeAlone() {
        try (Descriptor descriptor = new Descriptor(Cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR(), "a tensor")) {
            assertRefused(
                    () -> descriptor.integers(Cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE(), 0),
                    "cudnnBackendSetAttribute",
                    "attribute " + Cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE() + " of a tensor");
        }
    }

    /** The stand-in says so when it is set, cuDNN when the operation is sealed. */
    @Test
    void anOperationTakesSealedTensors() {
        try (Descriptor sealed =
                        CudnnTensor.images(1, CudnnType.F32, 1, 1, 1, 1).describe();
                Descriptor open = new Descriptor(Cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR(), "an open tensor");
                Descriptor form = new Descriptor(Cudnn.CUDNN_BACKEND_POINTWISE_DESCRIPTOR(), "the form of a sum");
                Descriptor sum = new Descriptor(Cudnn.CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR(), "a sum")) {
            form.code(Cudnn.CUDNN_ATTR_POINTWISE_MODE(), Cudnn.CUDNN_TYPE_POINTWISE_MODE(), Cudnn.CUDNN_POINTWISE_ADD())
                    .code(
                            Cudnn.CUDNN_ATTR_POINTWISE_MATH_PREC(),
                            Cudnn.CUDNN_TYPE_DATA_TYPE(),
                            Cudnn.CUDNN_DATA_FLOAT())
                    .seal();
            sum.descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR(), form)
                    .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_XDESC(), sealed)
                    .descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_YDESC(), sealed);
            assertThatExceptionOfType(CudnnException.class)
                    .isThrownBy(() -> sum.descriptor(Cudnn.CUDNN_ATTR_OPERATION_POINTWISE_BDESC(), open)
                            .seal())
                    .satisfies(e -> assertThat(e.status()).isBetween(2000, 2999));
        }
    }

    @Test
    void nothingIsSetAfterSealing() {
        try (Descriptor descriptor =
                CudnnTensor.images(1, CudnnType.F32, 1, 1, 1, 1).describe()) {
            assertRefused(
                    () -> descriptor.integers(Cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID(), 2),
                    "cudnnBackendSetAttribute",
                    "attribute " + Cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID());
        }
    }

    @Test
    void tensorsThatDoNotFitAreRefused() {
        CudnnTensor x = CudnnTensor.images(1, CudnnType.F32, 1, 8, 4, 4);
        CudnnTensor filter = CudnnTensor.images(2, CudnnType.F32, 8, 16, 3, 3);
        CudnnTensor y = CudnnTensor.images(3, CudnnType.F32, 1, 8, 4, 4);
        try (CudnnGraph graph = new CudnnGraph("a convolution")) {
            assertRefused(() -> graph.convolution(x, filter, 1, y), "cudnnBackendFinalize", "a convolution");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new CudnnTensor(1, CudnnType.F32, List.of(1L), List.of(1L), new CudnnTensor.Storage.Memory()))
                .withMessageContaining("expected 4 of each");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CudnnTensor.images(1, CudnnType.F32, 1, 0, 1, 1))
                .withMessageContaining("an extent of 0; expected at least 1");
    }

    @Test
    void aDescriptionOfAGpuIsComplete() {
        assertRefused(() -> new CudnnDevice("{}").close(), "cudnnBackendFinalize", "a described GPU");
    }

    /** As cuDNN's heuristics see our graphs on three generations of GPUs. */
    @ParameterizedTest
    @CsvSource({"800, 108", "900, 132", "1000, 148"})
    void plansAttention(int capability, int multiprocessors) {
        try (CudnnDevice gpu = gpu(capability, multiprocessors)) {
            for (int d : new int[] {32, 64, 72, 128}) {
                try (AttentionPlan plan =
                        planned(() -> new AttentionPlan(gpu, new AttentionShape(CudnnType.BF16, 2, 200, 4, d)))) {
                    assertThat(plan.workspaceBytes()).isNotNegative();
                }
            }
        }
    }

    /** Skips where a plan needs a compiler that is not installed. */
    private static <T> T planned(Supplier<T> maker) {
        try {
            return maker.get();
        } catch (CudnnException e) {
            Assumptions.assumeFalse(
                    e.getMessage().contains("install NVRTC"), "NVRTC is not installed: " + e.getMessage());
            throw e;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "800, 108, 128, 128, 3, true",
        "800, 108, 4, 512, 3, false",
        "800, 108, 128, 3, 3, false",
        "800, 108, 512, 256, 1, true",
        "900, 132, 128, 128, 3, true",
        "900, 132, 4, 512, 3, false",
        "900, 132, 128, 3, 3, false",
        "900, 132, 512, 256, 1, true",
        "1000, 148, 128, 128, 3, true",
        "1000, 148, 4, 512, 3, false",
        "1000, 148, 128, 3, 3, false",
        "1000, 148, 512, 256, 1, true"
    })
    void plansConvolutionsInExactFloats(
            int capability, int multiprocessors, int inputs, int outputs, int size, boolean adds) {
        ConvolutionShape shape = new ConvolutionShape(
                CudnnType.F32, 1, 32, 33, inputs, outputs, size, true, adds ? CudnnType.F32 : null, CudnnType.F32);
        assertThat(shape.precision()).isEqualTo(CudnnPrecision.EXACT);
        try (CudnnDevice gpu = gpu(capability, multiprocessors);
                ConvolutionPlan plan = new ConvolutionPlan(gpu, shape)) {
            assertThat(plan.workspaceBytes()).isNotNegative();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "800, 108, 128, 128, true, F32",
        "800, 108, 4, 512, false, F32",
        "900, 132, 128, 128, true, F32",
        "900, 132, 128, 3, false, BF16",
        "1000, 148, 128, 128, true, BF16",
        "1000, 148, 4, 512, false, F32"
    })
    void plansConvolutionsOnTensorCores(
            int capability, int multiprocessors, int inputs, int outputs, boolean adds, CudnnType out) {
        ConvolutionShape shape =
                new ConvolutionShape(CudnnType.BF16, 1, 32, 33, inputs, outputs, 3, true, adds ? out : null, out);
        assertThat(shape.precision()).isEqualTo(CudnnPrecision.TENSOR_CORES);
        try (CudnnDevice gpu = gpu(capability, multiprocessors);
                ConvolutionPlan plan = planned(() -> new ConvolutionPlan(gpu, shape))) {
            assertThat(plan.workspaceBytes()).isNotNegative();
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3", "4", "5", "6", "7", "8"})
    void exactPrecisionAllowsNoOtherNoteThanOnNaN(int note) {
        assertThat(CudnnPrecision.EXACT.allows(new int[] {note, 9})).isFalse();
        assertThat(CudnnPrecision.TENSOR_CORES.allows(new int[] {note, 9})).isEqualTo(note == 0);
        assertThat(CudnnPrecision.EXACT.allows(new int[] {9})).isTrue();
    }

    private static CudnnDevice gpu(int capability, int multiprocessors) {
        return new CudnnDevice("""
                {"deviceVer":%d,"driverVer":13000,"cudaDeviceId":0,"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],\
                "regsPerBlock":65536,"multiProcessorCount":%d,"smCountOrigin":0,"warpSize":32,"maxSharedMemoryPerBlock":49152,\
                "maxSharedMemoryPerBlockOptin":%d,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"maxCtasPerSM":32,\
                "maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,"supportCoopLaunch":1,\
                "totalGlobalMem":85000000000,"smClockRateKHz":1980000,"memClockRateKHz":2619000,"l2CacheSize":52428800,\
                "deviceName":"described"}""".formatted(capability, multiprocessors, capability == 800 ? 166912 : 232448));
    }

    private static void assertRefused(Runnable work, String call, String purpose) {
        assertThatExceptionOfType(CudnnException.class)
                .isThrownBy(work::run)
                .satisfies(e -> {
                    assertThat(e.call()).isEqualTo(call);
                    assertThat(e.status()).isBetween(2000, 2999);
                    assertThat(e.isNotSupported()).isFalse();
                })
                .withMessageStartingWith("cuDNN: " + call + " for ")
                .withMessageContaining(purpose)
                .withMessageContaining(" (CUDNN_STATUS_BAD_PARAM")
                .withMessageContaining("; this is an error of the caller's");
    }
}
