package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.LEGACY;
import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.CUDA_MEMCPY2D_st;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Memory of both sides, copies and fills. */
@Tag("emulated")
class MemoryCallsTest {
    private final TestDevice device = new TestDevice();

    @AfterEach
    void end() {
        device.close();
    }

    @Test
    void whatIsAllocatedIsUsedUntilItIsFreed() {
        MemorySegment total = device.arena().allocate(JAVA_LONG);
        long before = device.wide(free -> Cuda.cuMemGetInfo_v2(free, total));
        long address = device.memory(1000);
        assertThat(address % 256).isZero();
        assertThat(device.wide(free -> Cuda.cuMemGetInfo_v2(free, total))).isEqualTo(before - 1000);
        MemorySegment size = device.arena().allocate(JAVA_LONG);
        assertThat(device.wide(base -> Cuda.cuMemGetAddressRange_v2(base, size, address + 999)))
                .isEqualTo(address);
        assertThat(size.get(JAVA_LONG, 0)).isEqualTo(1000);
        fails(Cuda.cuMemFree_v2(address + 256), Result.INVALID_VALUE);
        ok(Cuda.cuMemFree_v2(address));
        ok(Cuda.cuMemFree_v2(0));
        fails(Cuda.cuMemFree_v2(address), Result.INVALID_VALUE);
        fails(Cuda.cuMemGetAddressRange_v2(size, size, address), Result.NOT_FOUND);
        assertThat(device.wide(free -> Cuda.cuMemGetInfo_v2(free, total))).isEqualTo(before);
    }

    @Test
    void moreThanThereIsIsOutOfMemory() {
        MemorySegment out = device.arena().allocate(JAVA_LONG);
        fails(Cuda.cuMemAlloc_v2(out, 1L << 40), Result.OUT_OF_MEMORY);
        fails(Cuda.cuMemAlloc_v2(out, 0), Result.INVALID_VALUE);
        ok(Cuda.cuCtxSynchronize());
    }

    @Test
    void copiesAndFillsMeet() {
        long address = device.holding(1, 2, 3, 4);
        assertThat(device.read(address, 4)).containsExactly(1, 2, 3, 4);
        ok(Cuda.cuMemsetD32_v2(address, 7, 2));
        ok(Cuda.cuMemsetD16_v2(address + 8, (short) 0x8001, 1));
        ok(Cuda.cuMemsetD8_v2(address + 15, (byte) 0xff, 1));
        assertThat(device.read(address, 4)).containsExactly(7, 7, 0x8001, 0xff000004);
        long other = device.memory(8);
        ok(Cuda.cuMemcpyDtoD_v2(other, address + 8, 8));
        assertThat(device.read(other, 2)).containsExactly(0x8001, 0xff000004);
    }

    @Test
    void copiesAndFillsOutsideOfAnAllocationAreRefused() {
        long address = device.holding(1, 2, 3, 4);
        MemorySegment host = device.arena().allocate(64);
        fails(Cuda.cuMemcpyHtoD_v2(address + 4, host, 16), Result.INVALID_VALUE);
        fails(Cuda.cuMemcpyDtoH_v2(host, 64, 16), Result.INVALID_VALUE);
        fails(Cuda.cuMemcpyDtoH_v2(MemorySegment.NULL, address, 16), Result.INVALID_VALUE);
        fails(Cuda.cuMemsetD32_v2(address, 0, 5), Result.INVALID_VALUE);
        fails(Cuda.cuMemsetD32_v2(address + 2, 0, 1), Result.INVALID_VALUE);
        ok(Cuda.cuMemcpyHtoD_v2(address, host, 0));
        assertThat(device.read(address, 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void rowsAreCopiedAtTheirPitches() {
        MemorySegment host = device.arena().allocateFrom(JAVA_INT, 1, 2, 3, 4, 5, 6);
        long address = device.holding(0, 0, 0, 0, 0, 0, 0, 0);
        MemorySegment copy = CUDA_MEMCPY2D_st.allocate(device.arena());
        CUDA_MEMCPY2D_st.srcMemoryType(copy, 1);
        CUDA_MEMCPY2D_st.srcHost(copy, host);
        CUDA_MEMCPY2D_st.srcPitch(copy, 12);
        CUDA_MEMCPY2D_st.srcXInBytes(copy, 4);
        CUDA_MEMCPY2D_st.dstMemoryType(copy, 2);
        CUDA_MEMCPY2D_st.dstDevice(copy, address);
        CUDA_MEMCPY2D_st.dstPitch(copy, 16);
        CUDA_MEMCPY2D_st.WidthInBytes(copy, 8);
        CUDA_MEMCPY2D_st.Height(copy, 2);
        ok(Cuda.cuMemcpy2D_v2(copy));
        assertThat(device.read(address, 8)).containsExactly(2, 3, 0, 0, 5, 6, 0, 0);
        ok(Cuda.cuMemsetD32_v2(address, 0, 8));
        // A fill returns at once, and the stream below is not ordered with the legacy stream.
        ok(Cuda.cuCtxSynchronize());
        MemorySegment stream = device.stream();
        ok(Cuda.cuMemcpy2DAsync_v2(copy, stream));
        host.fill((byte) 0);
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.read(address, 8)).containsExactly(2, 3, 0, 0, 5, 6, 0, 0);
        CUDA_MEMCPY2D_st.dstPitch(copy, 4);
        fails(Cuda.cuMemcpy2D_v2(copy), Result.INVALID_VALUE);
    }

    /** Pinned memory is read when the copy runs, so a buffer that is reused too early shows. */
    @Test
    void pinnedHostMemoryIsReadLate() {
        MemorySegment host = device.pinned(1);
        long address = device.memory(4L);
        MemorySegment stream = device.stream();
        host.set(JAVA_INT, 0, 1);
        ok(Cuda.cuMemcpyHtoDAsync_v2(address, host, 4, stream));
        host.set(JAVA_INT, 0, 2);
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.read(address, 1)).containsExactly(2);
    }

    @Test
    void otherHostMemoryIsReadDuringTheCall() {
        MemorySegment host = device.arena().allocateFrom(JAVA_INT, 1);
        long address = device.memory(4L);
        MemorySegment stream = device.stream();
        ok(Cuda.cuMemcpyHtoDAsync_v2(address, host, 4, stream));
        host.set(JAVA_INT, 0, 2);
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.read(address, 1)).containsExactly(1);
        ok(Cuda.cuMemsetD32Async(address, 9, 1, stream));
        ok(Cuda.cuMemcpyDtoHAsync_v2(host, address, 4, stream));
        assertThat(host.get(JAVA_INT, 0)).isEqualTo(9);
    }

    @Test
    void pinnedHostMemoryIsWrittenLate() {
        MemorySegment host = device.pinned(1);
        long address = device.holding(5);
        MemorySegment stream = device.stream();
        ok(Cuda.cuMemcpyDtoHAsync_v2(host, address, 4, stream));
        assertThat(host.get(JAVA_INT, 0)).isZero();
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(host.get(JAVA_INT, 0)).isEqualTo(5);
    }

    @Test
    void hostMemoryIsAllocatedAndRegistered() {
        MemorySegment allocated = device.pointer(out -> Cuda.cuMemHostAlloc(out, 64, 0));
        ok(Cuda.cuMemFreeHost(allocated));
        fails(Cuda.cuMemFreeHost(allocated), Result.INVALID_VALUE);
        MemorySegment host = device.arena().allocate(64);
        ok(Cuda.cuMemHostRegister_v2(host, 64, 0));
        fails(Cuda.cuMemHostRegister_v2(host.asSlice(32), 8, 0), Result.HOST_MEMORY_ALREADY_REGISTERED);
        fails(Cuda.cuMemFreeHost(host), Result.INVALID_VALUE);
        ok(Cuda.cuMemHostUnregister(host));
        fails(Cuda.cuMemHostUnregister(host), Result.HOST_MEMORY_NOT_REGISTERED);
        fails(Cuda.cuMemHostAlloc(host, 0, 0), Result.INVALID_VALUE);
    }

    @Test
    void theStreamOrdersTheEndOfMemory() {
        MemorySegment stream = device.stream();
        long address = device.wide(out -> Cuda.cuMemAllocAsync(out, 16, stream));
        MemorySegment pool = device.pointer(out -> Cuda.cuDeviceGetDefaultMemPool(out, 0));
        assertThat(device.wide(out -> Cuda.cuMemPoolGetAttribute(pool, Cuda.CU_MEMPOOL_ATTR_USED_MEM_CURRENT(), out)))
                .isEqualTo(16);
        ok(Cuda.cuMemsetD32Async(address, 3, 4, stream));
        MemorySegment host = device.pinned(4);
        ok(Cuda.cuMemcpyDtoHAsync_v2(host, address, 16, stream));
        ok(Cuda.cuMemFreeAsync(address, stream));
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(host.toArray(JAVA_INT)).containsExactly(3, 3, 3, 3);
        fails(Cuda.cuMemcpyDtoH_v2(host, address, 16), Result.INVALID_VALUE);
        assertThat(device.wide(out -> Cuda.cuMemPoolGetAttribute(pool, Cuda.CU_MEMPOOL_ATTR_USED_MEM_CURRENT(), out)))
                .isZero();
        assertThat(device.wide(out -> Cuda.cuMemPoolGetAttribute(pool, Cuda.CU_MEMPOOL_ATTR_USED_MEM_HIGH(), out)))
                .isGreaterThanOrEqualTo(16);
        ok(Cuda.cuMemPoolTrimTo(pool, 0));
    }

    /** What another stream still uses when its memory ends is an illegal access, and the context's end. */
    @Test
    void memoryThatEndsTooEarlyIsFoundOut() {
        boolean found = false;
        for (int attempt = 0; attempt < 64 && !found; attempt++) {
            MemorySegment user = device.stream();
            MemorySegment owner = device.stream();
            long address = device.wide(out -> Cuda.cuMemAllocAsync(out, 16, owner));
            ok(Cuda.cuMemsetD32Async(address, 3, 4, user));
            ok(Cuda.cuMemFreeAsync(address, owner));
            int result = Cuda.cuCtxSynchronize();
            if (result != 0) {
                fails(result, Result.ILLEGAL_ADDRESS);
                fails(Cuda.cuMemAlloc_v2(device.arena().allocate(8), 16), Result.ILLEGAL_ADDRESS);
                fails(Cuda.cuStreamQuery(LEGACY), Result.ILLEGAL_ADDRESS);
                assertThat(TestDevice.driver().fault().orElseThrow()).contains("freed");
                found = true;
            }
        }
        assertThat(found).as("64 legal orders, none of which frees first").isTrue();
    }
}
