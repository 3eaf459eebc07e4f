package dev.clusca.emulator.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/**
 * The emulated device as a program has it, through the generated bindings: the primary context is current, and gone in the end with all that
 * is in it. Only tests tagged "emulated" may use it.
 */
final class TestDevice implements AutoCloseable {
    static final MemorySegment LEGACY = MemorySegment.NULL;

    private final Arena arena = Arena.ofShared();

    TestDevice() {
        CudaLibrary.gate().ensureAvailable();
        ok(Cuda.cuInit(0));
        ok(Cuda.cuCtxSetCurrent(pointer(out -> Cuda.cuDevicePrimaryCtxRetain(out, 0))));
    }

    /** The driver itself, for its reports. */
    static EmulatedDriver driver() {
        return EmulatedDriver.ofProcess().orElseThrow();
    }

    static void ok(int result) {
        fails(result, Result.SUCCESS);
    }

    static void fails(int result, Result expected) {
        assertThat(Result.of(result))
                .as(
                        "result %s, last failure: %s",
                        result, driver().lastFailure().orElse("none"))
                .contains(expected);
    }

    Arena arena() {
        return arena;
    }

    /** What a call writes through its only pointer to an int. */
    int number(ToIntFunction<MemorySegment> call) {
        MemorySegment out = arena.allocate(JAVA_INT);
        ok(call.applyAsInt(out));
        return out.get(JAVA_INT, 0);
    }

    /** What a call writes through a pointer to a 64-bit number. */
    long wide(ToIntFunction<MemorySegment> call) {
        MemorySegment out = arena.allocate(JAVA_LONG);
        ok(call.applyAsInt(out));
        return out.get(JAVA_LONG, 0);
    }

    /** What a call writes through a pointer to a pointer. */
    MemorySegment pointer(ToIntFunction<MemorySegment> call) {
        return MemorySegment.ofAddress(wide(call));
    }

    float real(ToIntFunction<MemorySegment> call) {
        MemorySegment out = arena.allocate(JAVA_FLOAT);
        ok(call.applyAsInt(out));
        return out.get(JAVA_FLOAT, 0);
    }

    long memory(long bytes) {
        return wide(out -> Cuda.cuMemAlloc_v2(out, bytes));
    }

    /** Device memory that holds numbers. */
    long holding(int... values) {
        long address = memory(4L * values.length);
        ok(Cuda.cuMemcpyHtoD_v2(address, arena.allocateFrom(JAVA_INT, values), 4L * values.length));
        ok(Cuda.cuStreamSynchronize(LEGACY));
        return address;
    }

    /** Numbers in device memory, by a copy that waits for the legacy stream and those ordered with it. */
    int[] read(long address, int count) {
        MemorySegment host = arena.allocate(JAVA_INT, count);
        ok(Cuda.cuMemcpyDtoH_v2(host, address, 4L * count));
        return host.toArray(JAVA_INT);
    }

    /** Pinned host memory, of so many ints. */
    MemorySegment pinned(int count) {
        MemorySegment host = arena.allocate(JAVA_INT, count);
        ok(Cuda.cuMemHostRegister_v2(host, 4L * count, 0));
        return host;
    }

    MemorySegment stream() {
        return stream(Cuda.CU_STREAM_NON_BLOCKING());
    }

    MemorySegment stream(int flags) {
        return pointer(out -> Cuda.cuStreamCreate(out, flags));
    }

    MemorySegment event() {
        return pointer(out -> Cuda.cuEventCreate(out, Cuda.CU_EVENT_DEFAULT()));
    }

    /** Loads PTX text. */
    MemorySegment module(String ptx) {
        return pointer(out -> Cuda.cuModuleLoadData(out, arena.allocateFrom(ptx)));
    }

    MemorySegment function(MemorySegment module, String name) {
        return pointer(out -> Cuda.cuModuleGetFunction(out, module, arena.allocateFrom(name)));
    }

    /** A table of addresses, each of a copy of a parameter: an Integer, a Long, or a Float. */
    MemorySegment parameters(Object... values) {
        MemorySegment table = arena.allocate(ADDRESS, values.length);
        for (int i = 0; i < values.length; i++) {
            MemorySegment value = switch (values[i]) {
                case Integer number -> arena.allocateFrom(JAVA_INT, number);
                case Long number -> arena.allocateFrom(JAVA_LONG, number);
                case Float number -> arena.allocateFrom(JAVA_FLOAT, number);
                default -> throw new IllegalArgumentException("a parameter of " + values[i].getClass());
            };
            table.setAtIndex(ADDRESS, i, value);
        }
        return table;
    }

    /** Launches one-dimensionally. */
    int launch(MemorySegment function, int blocks, int threads, MemorySegment stream, Object... values) {
        return Cuda.cuLaunchKernel(
                function, blocks, 1, 1, threads, 1, 1, 0, stream, parameters(values), MemorySegment.NULL);
    }

    @Override
    public void close() {
        // JCuda imports the reset, the generated bindings do not; releasing the last user ends the context as well.
        ok(Cuda.cuCtxSetCurrent(MemorySegment.NULL));
        ok(Cuda.cuDevicePrimaryCtxRelease_v2(0));
        assertThat(driver().allocations())
                .as("what a context that ended left behind")
                .isEmpty();
        arena.close();
    }
}
