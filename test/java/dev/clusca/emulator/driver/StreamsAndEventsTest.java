package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.LEGACY;
import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.CUhostFn;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What streams and events order, and what they do not. */
@Tag("emulated")
class StreamsAndEventsTest {
    private static final int ATTEMPTS = 64;

    private final TestDevice device = new TestDevice();

    @AfterEach
    void end() {
        device.close();
    }

    /** Writes 1 in one stream and 2 in another, and gives what stays. */
    private int race(MemorySegment first, MemorySegment second, boolean ordered) {
        long address = device.holding(0);
        ok(Cuda.cuMemsetD32Async(address, 1, 1, first));
        if (ordered) {
            MemorySegment event = device.event();
            ok(Cuda.cuEventRecord(event, first));
            ok(Cuda.cuStreamWaitEvent(second, event, 0));
            ok(Cuda.cuEventDestroy_v2(event));
        }
        ok(Cuda.cuMemsetD32Async(address, 2, 1, second));
        ok(Cuda.cuCtxSynchronize());
        int result = device.read(address, 1)[0];
        ok(Cuda.cuMemFree_v2(address));
        return result;
    }

    private List<Integer> races(MemorySegment first, MemorySegment second, boolean ordered) {
        List<Integer> results = new ArrayList<>();
        for (int i = 0; i < ATTEMPTS; i++) {
            results.add(race(first, second, ordered));
        }
        return results;
    }

    @Test
    void aMissingEventShows() {
        assertThat(races(device.stream(), device.stream(), false)).contains(1, 2);
    }

    @Test
    void anEventOrders() {
        assertThat(races(device.stream(), device.stream(), true)).containsOnly(2);
    }

    @Test
    void aStreamOrders() {
        MemorySegment stream = device.stream();
        assertThat(races(stream, stream, false)).containsOnly(2);
    }

    @Test
    void theLegacyStreamIsOrderedWithBlockingStreamsOnly() {
        MemorySegment blocking = device.stream(Cuda.CU_STREAM_DEFAULT());
        assertThat(races(LEGACY, blocking, false)).containsOnly(2);
        assertThat(races(blocking, LEGACY, false)).containsOnly(2);
        assertThat(races(LEGACY, device.stream(), false)).contains(1, 2);
        assertThat(races(device.stream(), LEGACY, false)).contains(1, 2);
    }

    /** A copy that is not async only takes the bytes of memory that is not pinned; what it waits for in pinned memory is done. */
    @Test
    void aCopyFromTheHostIsOrderedWithBlockingStreamsOnly() {
        MemorySegment host = device.arena().allocateFrom(JAVA_INT, 1);
        assertThat(copies(host, device.stream(Cuda.CU_STREAM_DEFAULT()))).containsOnly(2);
        assertThat(copies(host, device.stream())).contains(1, 2);
        MemorySegment pinned = device.pinned(1);
        pinned.set(JAVA_INT, 0, 1);
        assertThat(copies(pinned, device.stream())).containsOnly(2);
    }

    /** Copies 1 and then writes 2 in a stream, and gives what stays, again and again. */
    private List<Integer> copies(MemorySegment host, MemorySegment stream) {
        List<Integer> results = new ArrayList<>();
        for (int i = 0; i < ATTEMPTS; i++) {
            long address = device.holding(0);
            ok(Cuda.cuMemcpyHtoD_v2(address, host, 4));
            ok(Cuda.cuMemsetD32Async(address, 2, 1, stream));
            ok(Cuda.cuCtxSynchronize());
            results.add(device.read(address, 1)[0]);
            ok(Cuda.cuMemFree_v2(address));
        }
        return results;
    }

    @Test
    void theThreadsOwnStreamIsABlockingOne() {
        MemorySegment perThread = MemorySegment.ofAddress(2);
        assertThat(races(perThread, LEGACY, false)).containsOnly(2);
        assertThat(races(perThread, device.stream(Cuda.CU_STREAM_DEFAULT()), false))
                .contains(1, 2);
    }

    /** Nothing runs before somebody waits. */
    @Test
    void workWaitsForAWaiter() {
        MemorySegment stream = device.stream();
        long address = device.holding(0);
        MemorySegment host = device.pinned(1);
        ok(Cuda.cuMemsetD32Async(address, 5, 1, stream));
        ok(Cuda.cuMemcpyDtoHAsync_v2(host, address, 4, stream));
        MemorySegment event = device.event();
        ok(Cuda.cuEventRecord(event, stream));
        assertThat(host.get(JAVA_INT, 0)).isZero();
        ok(Cuda.cuEventSynchronize(event));
        assertThat(host.get(JAVA_INT, 0)).isEqualTo(5);
    }

    @Test
    void aStreamIsWaitedForAlone() {
        MemorySegment waited = device.stream();
        MemorySegment other = device.stream();
        int late = 0;
        for (int i = 0; i < ATTEMPTS; i++) {
            MemorySegment host = device.pinned(1);
            long address = device.holding(1);
            ok(Cuda.cuMemcpyDtoHAsync_v2(host, address, 4, other));
            ok(Cuda.cuMemsetD32Async(device.holding(0), 1, 1, waited));
            ok(Cuda.cuStreamSynchronize(waited));
            late += 1 - host.get(JAVA_INT, 0);
            ok(Cuda.cuStreamSynchronize(other));
            assertThat(host.get(JAVA_INT, 0)).isEqualTo(1);
        }
        assertThat(late).as("of %s copies, those that had not run", ATTEMPTS).isBetween(1, ATTEMPTS - 1);
    }

    /** A program that polls gets there. */
    @Test
    void queriesMakeProgress() {
        MemorySegment stream = device.stream();
        MemorySegment event = device.event();
        ok(Cuda.cuEventQuery(event));
        ok(Cuda.cuStreamQuery(stream));
        long address = device.holding(0);
        for (int i = 0; i < 3; i++) {
            ok(Cuda.cuMemsetD32Async(address, i, 1, stream));
        }
        ok(Cuda.cuEventRecord(event, stream));
        int polls = 0;
        while (Cuda.cuEventQuery(event) == Result.NOT_READY.code()) {
            polls++;
            assertThat(polls).isLessThan(10);
        }
        assertThat(polls).isEqualTo(3);
        ok(Cuda.cuStreamQuery(stream));
    }

    @Test
    void timeBetweenEventsCountsWork() {
        MemorySegment start = device.event();
        MemorySegment end = device.event();
        MemorySegment out = device.arena().allocate(4);
        MemorySegment stream = device.stream();
        fails(Cuda.cuEventElapsedTime_v2(out, start, end), Result.INVALID_HANDLE);
        long address = device.holding(0);
        ok(Cuda.cuEventRecord(start, stream));
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        ok(Cuda.cuEventRecordWithFlags(end, stream, 0));
        fails(Cuda.cuEventElapsedTime_v2(out, start, end), Result.NOT_READY);
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.real(milliseconds -> Cuda.cuEventElapsedTime_v2(milliseconds, start, end)))
                .isEqualTo(0.002f);
        MemorySegment silent = device.pointer(e -> Cuda.cuEventCreate(e, Cuda.CU_EVENT_DISABLE_TIMING()));
        ok(Cuda.cuEventRecord(silent, stream));
        fails(Cuda.cuEventElapsedTime_v2(out, start, silent), Result.INVALID_HANDLE);
    }

    @Test
    void streamsHaveProperties() {
        MemorySegment stream =
                device.pointer(out -> Cuda.cuStreamCreateWithPriority(out, Cuda.CU_STREAM_NON_BLOCKING(), -2));
        assertThat(device.pointer(out -> Cuda.cuStreamGetCtx(stream, out)))
                .isEqualTo(device.pointer(Cuda::cuCtxGetCurrent));
        ok(Cuda.cuStreamDestroy_v2(stream));
        fails(Cuda.cuStreamSynchronize(stream), Result.INVALID_HANDLE);
        fails(Cuda.cuStreamDestroy_v2(stream), Result.INVALID_HANDLE);
        fails(Cuda.cuStreamDestroy_v2(LEGACY), Result.INVALID_HANDLE);
        fails(Cuda.cuStreamCreate(device.arena().allocate(8), 77), Result.INVALID_VALUE);
        fails(Cuda.cuEventRecord(device.event(), device.event()), Result.INVALID_HANDLE);
    }

    @Test
    void hostFunctionsRunInOrder() {
        MemorySegment stream = device.stream();
        List<Long> seen = new ArrayList<>();
        MemorySegment function = CUhostFn.allocate(data -> seen.add(data.address()), device.arena());
        ok(Cuda.cuLaunchHostFunc(stream, function, MemorySegment.ofAddress(1)));
        ok(Cuda.cuLaunchHostFunc(stream, function, MemorySegment.ofAddress(2)));
        assertThat(seen).isEmpty();
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(seen).containsExactly(1L, 2L);
        fails(Cuda.cuLaunchHostFunc(stream, MemorySegment.NULL, MemorySegment.NULL), Result.INVALID_VALUE);
    }

    @Test
    void anEventEndsWithItsContext() {
        MemorySegment event = device.event();
        ok(Cuda.cuEventRecord(event, device.stream()));
        ok(Cuda.cuDevicePrimaryCtxRelease_v2(0));
        ok(Cuda.cuCtxSetCurrent(device.pointer(out -> Cuda.cuDevicePrimaryCtxRetain(out, 0))));
        fails(Cuda.cuEventSynchronize(event), Result.CONTEXT_IS_DESTROYED);
        fails(Cuda.cuStreamWaitEvent(LEGACY, event, 0), Result.CONTEXT_IS_DESTROYED);
        ok(Cuda.cuEventDestroy_v2(event));
    }
}
