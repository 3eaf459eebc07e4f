package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.CublasLtLibrary;
import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver, its device and contexts. */
@Tag("emulated")
class DeviceCallsTest {
    private final TestDevice device = new TestDevice();

    @AfterEach
    void end() {
        device.close();
    }

    private String text(int result, MemorySegment pointer) {
        ok(result);
        return pointer.get(
                        ValueLayout.ADDRESS.withTargetLayout(
                                java.lang.foreign.MemoryLayout.sequenceLayout(100, ValueLayout.JAVA_BYTE)),
                        0)
                .getString(0);
    }

    @Test
    void thereIsOneDevice() {
        assertThat(device.number(Cuda::cuDeviceGetCount)).isEqualTo(1);
        assertThat(device.number(out -> Cuda.cuDeviceGet(out, 0))).isZero();
        fails(Cuda.cuDeviceGet(device.arena().allocate(4), 1), Result.INVALID_DEVICE);
        assertThat(device.number(Cuda::cuDriverGetVersion)).isEqualTo(13000);
        assertThat(device.wide(out -> Cuda.cuDeviceTotalMem_v2(out, 0)))
                .isEqualTo(TestDevice.driver().device().memoryBytes());
    }

    @Test
    void itsNameSaysWhatItIsAndFitsTheBuffer() {
        MemorySegment name = device.arena().allocate(64);
        ok(Cuda.cuDeviceGetName(name, 64, 0));
        assertThat(name.getString(0)).isEqualTo("clusca emulator (PTX on the CPU)");
        ok(Cuda.cuDeviceGetName(name, 7, 0));
        assertThat(name.getString(0)).isEqualTo("clusca");
    }

    @Test
    void attributesDescribeTheModel() {
        DeviceModel model = TestDevice.driver().device();
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR()))
                .isEqualTo(model.major());
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR()))
                .isEqualTo(model.minor());
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT())).isEqualTo(model.multiprocessors());
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_WARP_SIZE())).isEqualTo(32);
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH())).isEqualTo(1);
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK()))
                .isEqualTo(48 << 10);
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN()))
                .isEqualTo(163 << 10);
        assertThat(attribute(Cuda.CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH())).isZero();
        fails(Cuda.cuDeviceGetAttribute(device.arena().allocate(4), 100_000, 0), Result.INVALID_VALUE);
    }

    private int attribute(int attribute) {
        return device.number(out -> Cuda.cuDeviceGetAttribute(out, attribute, 0));
    }

    @Test
    void errorsHaveNamesAndTexts() {
        MemorySegment out = device.arena().allocate(ValueLayout.ADDRESS);
        assertThat(text(Cuda.cuGetErrorName(700, out), out)).isEqualTo("CUDA_ERROR_ILLEGAL_ADDRESS");
        assertThat(text(Cuda.cuGetErrorString(0, out), out)).isEqualTo("no error");
        fails(Cuda.cuGetErrorName(123456, out), Result.INVALID_VALUE);
        assertThat(out.get(ValueLayout.JAVA_LONG, 0)).isZero();
    }

    @Test
    void refusedCallsSaySo() {
        assertThat(Cuda.cuTensorMapEncodeTiled(
                        MemorySegment.NULL,
                        0,
                        0,
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        0,
                        0,
                        0,
                        0))
                .isEqualTo(801);
    }

    @Test
    void addressesOfCallsAreFoundInTheirNewestVariant() {
        MemorySegment function = device.arena().allocate(ValueLayout.ADDRESS);
        MemorySegment status = device.arena().allocate(ValueLayout.JAVA_INT);
        ok(Cuda.cuGetProcAddress_v2(device.arena().allocateFrom("cuMemAlloc"), function, 13000, 0, status));
        assertThat(function.get(ValueLayout.ADDRESS, 0)).isEqualTo(Cuda.cuMemAlloc_v2$address());
        assertThat(status.get(ValueLayout.JAVA_INT, 0)).isZero();
        fails(
                Cuda.cuGetProcAddress_v2(device.arena().allocateFrom("cuNoSuchCall"), function, 13000, 0, status),
                Result.NOT_FOUND);
        assertThat(status.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
    }

    @Test
    void nullPointersAreRefused() {
        fails(Cuda.cuDeviceGetCount(MemorySegment.NULL), Result.INVALID_VALUE);
        assertThat(TestDevice.driver().lastFailure().orElseThrow())
                .isEqualTo(
                        "cuDeviceGetCount: CUDA_ERROR_INVALID_VALUE: found a null pointer; expected the address of memory to read or"
                                + " write");
    }

    @Test
    void eachThreadHasItsOwnStackOfContexts() {
        MemorySegment primary = device.pointer(Cuda::cuCtxGetCurrent);
        ok(Cuda.cuCtxPushCurrent_v2(primary));
        ok(Cuda.cuCtxPushCurrent_v2(primary));
        assertThat(device.pointer(Cuda::cuCtxPopCurrent_v2)).isEqualTo(primary);
        assertThat(device.pointer(Cuda::cuCtxPopCurrent_v2)).isEqualTo(primary);
        assertThat(device.pointer(Cuda::cuCtxGetCurrent)).isEqualTo(primary);
        int elsewhere = CompletableFuture.supplyAsync(Cuda::cuCtxSynchronize).join();
        fails(elsewhere, Result.INVALID_CONTEXT);
        fails(Cuda.cuCtxSetCurrent(MemorySegment.ofAddress(12345)), Result.INVALID_CONTEXT);
    }

    @Test
    void thePrimaryContextLivesWhileItIsRetained() {
        MemorySegment flags = device.arena().allocate(4);
        assertThat(device.number(out -> Cuda.cuDevicePrimaryCtxGetState(0, flags, out)))
                .isEqualTo(1);
        MemorySegment again = device.pointer(out -> Cuda.cuDevicePrimaryCtxRetain(out, 0));
        assertThat(again).isEqualTo(device.pointer(Cuda::cuCtxGetCurrent));
        ok(Cuda.cuDevicePrimaryCtxRelease_v2(0));
        ok(Cuda.cuCtxSynchronize());
        ok(Cuda.cuDevicePrimaryCtxRelease_v2(0));
        fails(Cuda.cuCtxSynchronize(), Result.CONTEXT_IS_DESTROYED);
        fails(Cuda.cuDevicePrimaryCtxRelease_v2(0), Result.INVALID_CONTEXT);
        ok(Cuda.cuCtxSetCurrent(device.pointer(out -> Cuda.cuDevicePrimaryCtxRetain(out, 0))));
        ok(Cuda.cuCtxSynchronize());
    }

    @Test
    void limitsAndPrioritiesAreAnswered() {
        ok(Cuda.cuCtxSetLimit(Cuda.CU_LIMIT_STACK_SIZE(), 4096));
        assertThat(device.wide(out -> Cuda.cuCtxGetLimit(out, Cuda.CU_LIMIT_STACK_SIZE())))
                .isEqualTo(4096);
        fails(Cuda.cuCtxSetLimit(1000, 1), Result.INVALID_VALUE);
        MemorySegment least = device.arena().allocate(4);
        assertThat(device.number(greatest -> Cuda.cuCtxGetStreamPriorityRange(least, greatest)))
                .isEqualTo(-5);
    }

    /** They would find the stand-in where they look for a driver. */
    @Test
    void vendorsLibrariesAreRefusedWithTheReason() {
        for (var gate : new dev.clusca.bindings.NativeLibrary[] {CublasLtLibrary.gate(), CudnnLibrary.gate()}) {
            assertThat(gate.unavailabilityCause()
                            .map(NativeUnavailableException::getMessage)
                            .orElseThrow())
                    .contains("the CUDA driver of this process is a stand-in")
                    .contains("unset CLUSCA_EMULATE");
        }
    }
}
