package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.LEGACY;
import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.CUgraphExecUpdateResultInfo_st;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Capturing streams into graphs: what is recorded, what is forbidden meanwhile and with which result, and what a graph does. */
@Tag("emulated")
class CaptureTest {
    private final TestDevice device = new TestDevice();
    private final MemorySegment stream = device.stream();

    @AfterEach
    void end() {
        device.close();
    }

    private void begin() {
        ok(Cuda.cuStreamBeginCapture_v2(stream, Cuda.CU_STREAM_CAPTURE_MODE_GLOBAL()));
    }

    private MemorySegment endCapture() {
        return device.pointer(graph -> Cuda.cuStreamEndCapture(stream, graph));
    }

    private MemorySegment instantiate(MemorySegment graph) {
        return device.pointer(exec -> Cuda.cuGraphInstantiateWithFlags(exec, graph, 0));
    }

    private int status(MemorySegment of) {
        return device.number(out -> Cuda.cuStreamIsCapturing(of, out));
    }

    @Test
    void whatIsCapturedRunsOnlyWhenTheGraphIsLaunched() {
        long address = device.holding(0);
        begin();
        assertThat(status(stream)).isEqualTo(Cuda.CU_STREAM_CAPTURE_STATUS_ACTIVE());
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        ok(Cuda.cuMemcpyDtoDAsync_v2(address, address, 4, stream));
        MemorySegment graph = endCapture();
        assertThat(status(stream)).isEqualTo(Cuda.CU_STREAM_CAPTURE_STATUS_NONE());
        assertThat(device.wide(count -> Cuda.cuGraphGetNodes(graph, MemorySegment.NULL, count)))
                .isEqualTo(2);
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.read(address, 1)).containsExactly(0);
        MemorySegment exec = instantiate(graph);
        ok(Cuda.cuGraphDestroy(graph));
        ok(Cuda.cuGraphUpload(exec, stream));
        for (int i = 0; i < 3; i++) {
            ok(Cuda.cuMemsetD32Async(address, 0, 1, stream));
            ok(Cuda.cuGraphLaunch(exec, stream));
            ok(Cuda.cuStreamSynchronize(stream));
            assertThat(device.read(address, 1)).containsExactly(1);
        }
        ok(Cuda.cuGraphExecDestroy(exec));
        fails(Cuda.cuGraphLaunch(exec, stream), Result.INVALID_HANDLE);
        fails(Cuda.cuGraphDestroy(graph), Result.INVALID_HANDLE);
    }

    @Test
    void nodesAreListedAsFarAsThereIsRoom() {
        long address = device.holding(0);
        begin();
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        MemorySegment graph = endCapture();
        MemorySegment nodes = device.arena().allocate(JAVA_LONG, 3);
        MemorySegment count = device.arena().allocateFrom(JAVA_LONG, 3);
        ok(Cuda.cuGraphGetNodes(graph, nodes, count));
        assertThat(count.get(JAVA_LONG, 0)).isEqualTo(1);
        assertThat(nodes.getAtIndex(JAVA_LONG, 0)).isNotZero();
        assertThat(nodes.getAtIndex(JAVA_LONG, 1)).isZero();
    }

    /** Nodes that nothing orders run in any order; those that another stream's events order do not. */
    @Test
    void theGraphHasTheOrderOfTheStreams() {
        MemorySegment other = device.stream();
        long address = device.holding(0);
        MemorySegment fork = device.event();
        MemorySegment join = device.event();
        begin();
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        ok(Cuda.cuEventRecord(fork, stream));
        ok(Cuda.cuStreamWaitEvent(other, fork, 0));
        assertThat(status(other)).isEqualTo(Cuda.CU_STREAM_CAPTURE_STATUS_ACTIVE());
        ok(Cuda.cuMemsetD32Async(address, 2, 1, other));
        ok(Cuda.cuEventRecord(join, other));
        ok(Cuda.cuStreamWaitEvent(stream, join, 0));
        ok(Cuda.cuMemsetD32Async(address, 3, 1, stream));
        MemorySegment exec = instantiate(endCapture());
        assertThat(status(other)).isEqualTo(Cuda.CU_STREAM_CAPTURE_STATUS_NONE());
        for (int i = 0; i < 64; i++) {
            ok(Cuda.cuGraphLaunch(exec, stream));
            ok(Cuda.cuStreamSynchronize(stream));
            assertThat(device.read(address, 1)).containsExactly(3);
        }
        fails(Cuda.cuEventSynchronize(fork), Result.CAPTURED_EVENT);
        fails(Cuda.cuStreamWaitEvent(other, fork, 0), Result.CAPTURED_EVENT);
    }

    @Test
    void launchesOfOneGraphFollowEachOther() {
        MemorySegment other = device.stream();
        long from = device.holding(0);
        long to = device.holding(0);
        begin();
        ok(Cuda.cuMemcpyDtoDAsync_v2(to, from, 4, stream));
        ok(Cuda.cuMemsetD32Async(from, 1, 1, stream));
        MemorySegment exec = instantiate(endCapture());
        for (int i = 0; i < 32; i++) {
            ok(Cuda.cuMemsetD32_v2(from, 0, 1));
            ok(Cuda.cuCtxSynchronize());
            ok(Cuda.cuGraphLaunch(exec, stream));
            ok(Cuda.cuGraphLaunch(exec, other));
            ok(Cuda.cuCtxSynchronize());
            assertThat(device.read(to, 1)).containsExactly(1);
        }
    }

    static Stream<Arguments> forbidden() {
        return Stream.of(
                Arguments.of("cuStreamSynchronize", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuStreamQuery", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuCtxSynchronize", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuMemAlloc", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuMemFree", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuMemAllocAsync", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuMemHostAlloc", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuMemcpyHtoD", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("pageable copy", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("cuEventQuery", Result.STREAM_CAPTURE_UNSUPPORTED),
                Arguments.of("captured event", Result.CAPTURED_EVENT),
                Arguments.of("foreign event", Result.STREAM_CAPTURE_ISOLATION),
                Arguments.of("other capture", Result.STREAM_CAPTURE_MERGE));
    }

    /** Each of these would make a step of a model synchronise with the host, or depend on what a graph cannot know. */
    @ParameterizedTest
    @MethodSource("forbidden")
    void whatIsForbiddenInvalidatesTheCapture(String call, Result expected) {
        MemorySegment other = device.stream();
        MemorySegment event = device.event();
        ok(Cuda.cuEventRecord(event, other));
        MemorySegment host = device.arena().allocate(16);
        long address = device.holding(0);
        begin();
        IntSupplier attempt = switch (call) {
            case "cuStreamSynchronize" -> () -> Cuda.cuStreamSynchronize(stream);
            case "cuStreamQuery" -> () -> Cuda.cuStreamQuery(stream);
            case "cuCtxSynchronize" -> Cuda::cuCtxSynchronize;
            case "cuMemAlloc" -> () -> Cuda.cuMemAlloc_v2(host, 16);
            case "cuMemFree" -> () -> Cuda.cuMemFree_v2(address);
            case "cuMemAllocAsync" -> () -> Cuda.cuMemAllocAsync(host, 16, stream);
            case "cuMemHostAlloc" -> () -> Cuda.cuMemHostAlloc(host, 16, 0);
            case "cuMemcpyHtoD" -> () -> Cuda.cuMemcpyHtoD_v2(address, host, 4);
            case "pageable copy" -> () -> Cuda.cuMemcpyHtoDAsync_v2(address, host, 4, stream);
            case "cuEventQuery" -> () -> Cuda.cuEventQuery(event);
            case "captured event" ->
                () -> {
                    ok(Cuda.cuEventRecord(event, stream));
                    return Cuda.cuEventSynchronize(event);
                };
            case "foreign event" -> () -> Cuda.cuStreamWaitEvent(stream, event, 0);
            case "other capture" ->
                () -> {
                    ok(Cuda.cuStreamBeginCapture_v2(other, Cuda.CU_STREAM_CAPTURE_MODE_GLOBAL()));
                    ok(Cuda.cuEventRecord(event, other));
                    return Cuda.cuStreamWaitEvent(stream, event, 0);
                };
            default -> throw new IllegalArgumentException(call);
        };
        fails(attempt.getAsInt(), expected);
        assertThat(status(stream)).isEqualTo(Cuda.CU_STREAM_CAPTURE_STATUS_INVALIDATED());
        fails(Cuda.cuMemsetD32Async(address, 1, 1, stream), Result.STREAM_CAPTURE_INVALIDATED);
        MemorySegment graph = device.arena().allocateFrom(JAVA_LONG, 1);
        fails(Cuda.cuStreamEndCapture(stream, graph), Result.STREAM_CAPTURE_INVALIDATED);
        assertThat(graph.get(JAVA_LONG, 0)).isZero();
        if (expected == Result.STREAM_CAPTURE_MERGE) {
            fails(Cuda.cuStreamEndCapture(other, graph), Result.STREAM_CAPTURE_INVALIDATED);
        }
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        ok(Cuda.cuStreamSynchronize(stream));
    }

    @Test
    void theLegacyStreamWouldWaitForACapturedBlockingStream() {
        MemorySegment blocking = device.stream(Cuda.CU_STREAM_DEFAULT());
        long address = device.holding(0);
        ok(Cuda.cuStreamBeginCapture_v2(blocking, Cuda.CU_STREAM_CAPTURE_MODE_RELAXED()));
        fails(Cuda.cuMemsetD32_v2(address, 1, 1), Result.STREAM_CAPTURE_IMPLICIT);
        fails(Cuda.cuStreamEndCapture(blocking, device.arena().allocate(JAVA_LONG)), Result.STREAM_CAPTURE_INVALIDATED);
        fails(
                Cuda.cuStreamBeginCapture_v2(LEGACY, Cuda.CU_STREAM_CAPTURE_MODE_GLOBAL()),
                Result.STREAM_CAPTURE_UNSUPPORTED);
    }

    @Test
    void relaxedCapturesForbidLess() {
        ok(Cuda.cuStreamBeginCapture_v2(stream, Cuda.CU_STREAM_CAPTURE_MODE_RELAXED()));
        long address = device.memory(16L);
        ok(Cuda.cuMemsetD32Async(address, 1, 1, stream));
        MemorySegment graph = endCapture();
        assertThat(device.wide(count -> Cuda.cuGraphGetNodes(graph, MemorySegment.NULL, count)))
                .isEqualTo(1);
    }

    @Test
    void threadLocalCapturesLeaveOtherThreadsAlone() {
        MemorySegment context = device.pointer(Cuda::cuCtxGetCurrent);
        MemorySegment out = device.pinned(2);
        ok(Cuda.cuStreamBeginCapture_v2(stream, Cuda.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL()));
        assertThat(elsewhere(context, () -> Cuda.cuMemAlloc_v2(out, 16))).isZero();
        endCapture();
        begin();
        assertThat(elsewhere(context, () -> Cuda.cuMemAlloc_v2(out, 16)))
                .isEqualTo(Result.STREAM_CAPTURE_UNSUPPORTED.code());
        fails(elsewhere(context, () -> Cuda.cuStreamEndCapture(stream, out)), Result.STREAM_CAPTURE_WRONG_THREAD);
        fails(Cuda.cuStreamEndCapture(stream, out), Result.STREAM_CAPTURE_INVALIDATED);
    }

    private static int elsewhere(MemorySegment context, IntSupplier call) {
        return CompletableFuture.supplyAsync(() -> {
                    ok(Cuda.cuCtxSetCurrent(context));
                    int result = call.getAsInt();
                    ok(Cuda.cuCtxSetCurrent(MemorySegment.NULL));
                    return result;
                })
                .join();
    }

    @Test
    void capturesEndWhereTheyBeganAndWithEverythingJoined() {
        MemorySegment other = device.stream();
        MemorySegment event = device.event();
        long address = device.holding(0);
        MemorySegment graph = device.arena().allocate(JAVA_LONG);
        fails(Cuda.cuStreamEndCapture(stream, graph), Result.ILLEGAL_STATE);
        begin();
        fails(Cuda.cuStreamBeginCapture_v2(stream, 0), Result.ILLEGAL_STATE);
        ok(Cuda.cuEventRecord(event, stream));
        ok(Cuda.cuStreamWaitEvent(other, event, 0));
        ok(Cuda.cuMemsetD32Async(address, 1, 1, other));
        fails(Cuda.cuStreamEndCapture(stream, graph), Result.STREAM_CAPTURE_UNJOINED);
        begin();
        ok(Cuda.cuEventRecord(event, stream));
        ok(Cuda.cuStreamWaitEvent(other, event, 0));
        fails(Cuda.cuStreamEndCapture(other, graph), Result.STREAM_CAPTURE_UNMATCHED);
        fails(Cuda.cuStreamEndCapture(stream, graph), Result.STREAM_CAPTURE_INVALIDATED);
    }

    @Test
    void anInstantiatedGraphTakesOverAnotherOfTheSameShape() {
        long address = device.holding(0);
        MemorySegment first = capturedFills(address, 1);
        MemorySegment exec = instantiate(first);
        MemorySegment info = CUgraphExecUpdateResultInfo_st.allocate(device.arena());
        ok(Cuda.cuGraphExecUpdate_v2(exec, capturedFills(address, 7), info));
        ok(Cuda.cuGraphLaunch(exec, stream));
        ok(Cuda.cuStreamSynchronize(stream));
        assertThat(device.read(address, 1)).containsExactly(7);
        fails(Cuda.cuGraphExecUpdate_v2(exec, capturedFills(address, 7, 8), info), Result.GRAPH_EXEC_UPDATE_FAILURE);
        assertThat(CUgraphExecUpdateResultInfo_st.result(info))
                .isEqualTo(Cuda.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED());
    }

    private MemorySegment capturedFills(long address, int... values) {
        begin();
        for (int value : values) {
            ok(Cuda.cuMemsetD32Async(address, value, 1, stream));
        }
        return endCapture();
    }

    /** A pinned buffer in a graph is read at each launch. */
    @Test
    void copiesInAGraphReadTheHostEachTime() {
        MemorySegment host = device.pinned(1);
        long address = device.holding(0);
        begin();
        ok(Cuda.cuMemcpyHtoDAsync_v2(address, host, 4, stream));
        MemorySegment exec = instantiate(endCapture());
        for (int i = 1; i < 4; i++) {
            host.set(JAVA_INT, 0, i);
            ok(Cuda.cuGraphLaunch(exec, stream));
            ok(Cuda.cuStreamSynchronize(stream));
            assertThat(device.read(address, 1)).containsExactly(i);
        }
    }
}
