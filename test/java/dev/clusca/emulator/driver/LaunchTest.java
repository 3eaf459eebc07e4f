package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.LEGACY;
import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.CUDA_KERNEL_NODE_PARAMS_v2_st;
import dev.clusca.bindings.cuda.CUlaunchAttributeValue_union;
import dev.clusca.bindings.cuda.CUlaunchAttribute_st;
import dev.clusca.bindings.cuda.CUlaunchConfig_st;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Launches: how parameters travel, what is refused, what faults do, and kernels in graphs. */
@Tag("emulated")
class LaunchTest {
    private final TestDevice device = new TestDevice();
    private final MemorySegment module = device.module(Kernels.PTX);
    private final MemorySegment add = device.function(module, "add");
    private final MemorySegment stream = device.stream();

    @AfterEach
    void end() {
        TestDevice.driver().onLaunch(_ -> {});
        device.close();
    }

    /** What memory holds once the stream has run. */
    private int[] after(long address, int count) {
        ok(Cuda.cuStreamSynchronize(stream));
        return device.read(address, count);
    }

    @Test
    void aKernelRuns() {
        List<LaunchReport> reports = new ArrayList<>();
        TestDevice.driver().onLaunch(reports::add);
        long y = device.holding(1, 2, 3, 4, 5);
        ok(device.launch(add, 2, 3, stream, y, 5, 10));
        assertThat(reports).isEmpty();
        assertThat(after(y, 5)).containsExactly(11, 12, 13, 14, 15);
        assertThat(reports).extracting(LaunchReport::kernel).containsExactly("add");
        assertThat(reports.getFirst().grid()).isEqualTo(Dim3.of(2));
    }

    /** Values that change after the call do not reach the kernel, though it runs later. */
    @Test
    void parametersAreCopiedDuringTheCall() {
        long y = device.holding(0);
        MemorySegment parameters = device.parameters(y, 1, 10);
        ok(Cuda.cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, parameters, MemorySegment.NULL));
        parameters.getAtIndex(ADDRESS.withTargetLayout(JAVA_INT), 2).set(JAVA_INT, 0, 99);
        parameters.fill((byte) 0);
        assertThat(after(y, 1)).containsExactly(10);
    }

    /** A parameter of 2 bytes is read as 2 bytes, and what lies behind it is not. */
    @Test
    void parametersAreReadInTheirSizes() {
        MemorySegment mixed = device.function(module, "mixed");
        long y = device.memory(8);
        MemorySegment narrow = device.arena().allocateFrom(JAVA_INT, -1);
        narrow.set(JAVA_SHORT, 0, (short) 7);
        MemorySegment table = device.parameters(1, y, 0, 2.5f);
        table.setAtIndex(ADDRESS, 2, narrow);
        ok(Cuda.cuLaunchKernel(mixed, 1, 1, 1, 1, 1, 1, 0, stream, table, MemorySegment.NULL));
        assertThat(after(y, 2)).containsExactly(7, Float.floatToIntBits(2.5f));
    }

    @Test
    void parametersMayComePacked() {
        MemorySegment mixed = device.function(module, "mixed");
        long y = device.memory(8);
        MemorySegment packed = device.arena().allocate(24, 8);
        packed.set(JAVA_LONG, 8, y);
        packed.set(JAVA_SHORT, 16, (short) 300);
        packed.set(JAVA_FLOAT, 20, -1f);
        MemorySegment size = device.arena().allocateFrom(JAVA_LONG, 24);
        MemorySegment extra = device.arena().allocateFrom(JAVA_LONG, 1, packed.address(), 2, size.address(), 0);
        ok(Cuda.cuLaunchKernel(mixed, 1, 1, 1, 1, 1, 1, 0, stream, MemorySegment.NULL, extra));
        packed.fill((byte) 0);
        assertThat(after(y, 2)).containsExactly(300, Float.floatToIntBits(-1f));
        size.set(JAVA_LONG, 0, 23);
        fails(Cuda.cuLaunchKernel(mixed, 1, 1, 1, 1, 1, 1, 0, stream, MemorySegment.NULL, extra), Result.INVALID_VALUE);
        fails(Cuda.cuLaunchKernel(mixed, 1, 1, 1, 1, 1, 1, 0, stream, extra, extra), Result.INVALID_VALUE);
    }

    @Test
    void variablesAreTheModules() {
        MemorySegment scaled = device.function(module, "scaled");
        long y = device.memory(4);
        ok(device.launch(scaled, 1, 1, stream, y));
        assertThat(after(y, 1)).containsExactly(15);
    }

    @Test
    void launchesOutsideOfTheLimitsAreRefused() {
        long y = device.holding(0);
        fails(device.launch(add, 0, 1, stream, y, 1, 1), Result.INVALID_VALUE);
        fails(device.launch(add, 1, 1025, stream, y, 1, 1), Result.INVALID_VALUE);
        fails(device.launch(add, 1, 257, stream, y, 1, 1), Result.LAUNCH_OUT_OF_RESOURCES);
        fails(
                Cuda.cuLaunchKernel(
                        add, 1, 70000, 1, 1, 1, 1, 0, stream, device.parameters(y, 1, 1), MemorySegment.NULL),
                Result.INVALID_VALUE);
        MemorySegment shared = device.function(module, "shared");
        MemorySegment parameter = device.parameters(y);
        fails(
                Cuda.cuLaunchKernel(shared, 1, 1, 1, 1, 1, 1, 48 << 10, stream, parameter, MemorySegment.NULL),
                Result.INVALID_VALUE);
        ok(Cuda.cuFuncSetAttribute(shared, Cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES(), 48 << 10));
        ok(Cuda.cuLaunchKernel(shared, 1, 1, 1, 1, 1, 1, 48 << 10, stream, parameter, MemorySegment.NULL));
        assertThat(after(y, 1)).containsExactly(9);
        fails(
                Cuda.cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, MemorySegment.NULL, MemorySegment.NULL),
                Result.INVALID_VALUE);
        fails(device.launch(module, 1, 1, stream, y, 1, 1), Result.INVALID_HANDLE);
    }

    @Test
    void cooperativeLaunchesMustFitAtOnce() {
        long y = device.memory(4L * 256 * 65);
        ok(Cuda.cuMemsetD32_v2(y, 0, 256 * 65));
        int most = 8 * TestDevice.driver().device().multiprocessors();
        MemorySegment parameters = device.parameters(y, 256 * 65, 1);
        ok(Cuda.cuLaunchCooperativeKernel(add, most, 1, 1, 256, 1, 1, 0, LEGACY, parameters));
        fails(
                Cuda.cuLaunchCooperativeKernel(add, most + 1, 1, 1, 256, 1, 1, 0, LEGACY, parameters),
                Result.COOPERATIVE_LAUNCH_TOO_LARGE);
        MemorySegment config = CUlaunchConfig_st.allocate(device.arena());
        MemorySegment attribute = CUlaunchAttribute_st.allocate(device.arena());
        CUlaunchAttribute_st.id(attribute, Cuda.CU_LAUNCH_ATTRIBUTE_COOPERATIVE());
        CUlaunchAttributeValue_union.cooperative(CUlaunchAttribute_st.value(attribute), 1);
        CUlaunchConfig_st.gridDimX(config, most + 1);
        CUlaunchConfig_st.gridDimY(config, 1);
        CUlaunchConfig_st.gridDimZ(config, 1);
        CUlaunchConfig_st.blockDimX(config, 256);
        CUlaunchConfig_st.blockDimY(config, 1);
        CUlaunchConfig_st.blockDimZ(config, 1);
        CUlaunchConfig_st.attrs(config, attribute);
        ok(Cuda.cuLaunchKernelEx(config, add, parameters, MemorySegment.NULL));
        CUlaunchConfig_st.numAttrs(config, 1);
        fails(Cuda.cuLaunchKernelEx(config, add, parameters, MemorySegment.NULL), Result.COOPERATIVE_LAUNCH_TOO_LARGE);
        CUlaunchConfig_st.gridDimX(config, most);
        ok(Cuda.cuLaunchKernelEx(config, add, parameters, MemorySegment.NULL));
        CUlaunchAttribute_st.id(attribute, Cuda.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION());
        fails(Cuda.cuLaunchKernelEx(config, add, parameters, MemorySegment.NULL), Result.NOT_SUPPORTED);
        assertThat(device.read(y, 1)).containsExactly(3);
        assertThat(device.read(y + 4L * 256 * 64, 1)).containsExactly(1);
    }

    /** The fault is not seen by the launch, but by who waits; then it stays, and names the line. */
    @Test
    void faultsComeLateAndStay() {
        long y = device.holding(1, 2);
        ok(device.launch(add, 1, 32, stream, y, 32, 10));
        ok(Cuda.cuStreamWaitEvent(stream, device.event(), 0));
        fails(Cuda.cuStreamSynchronize(stream), Result.ILLEGAL_ADDRESS);
        fails(Cuda.cuStreamSynchronize(LEGACY), Result.ILLEGAL_ADDRESS);
        fails(Cuda.cuMemFree_v2(y), Result.ILLEGAL_ADDRESS);
        fails(device.launch(add, 1, 1, stream, y, 1, 1), Result.ILLEGAL_ADDRESS);
        assertThat(TestDevice.driver().fault().orElseThrow())
                .contains("add, PTX line 26")
                .contains("thread (2,0,0)")
                .contains("past the end of cuMemAlloc of 8 bytes");
    }

    @Test
    void aMisalignedAccessHasItsOwnResult() {
        long y = device.holding(1, 2);
        ok(device.launch(add, 1, 1, stream, y + 2, 1, 10));
        fails(Cuda.cuCtxSynchronize(), Result.MISALIGNED_ADDRESS);
    }

    /** What reads memory that nobody wrote is wrong, though a GPU would go on. */
    @Test
    void aReadOfWhatNobodyWroteIsAFault() {
        ok(device.launch(add, 1, 1, stream, device.memory(4), 1, 10));
        fails(Cuda.cuCtxSynchronize(), Result.LAUNCH_FAILED);
        assertThat(TestDevice.driver().fault().orElseThrow()).contains("memory that nobody wrote");
    }

    @Test
    void aNewPrimaryContextIsSoundAgain() {
        ok(device.launch(add, 1, 1, stream, 4096L, 1, 10));
        fails(Cuda.cuCtxSynchronize(), Result.ILLEGAL_ADDRESS);
        ok(Cuda.cuDevicePrimaryCtxRelease_v2(0));
        ok(Cuda.cuCtxSetCurrent(device.pointer(out -> Cuda.cuDevicePrimaryCtxRetain(out, 0))));
        ok(Cuda.cuCtxSynchronize());
        assertThat(TestDevice.driver().allocations()).isEmpty();
    }

    private MemorySegment captured(long y, int a) {
        ok(Cuda.cuStreamBeginCapture_v2(stream, Cuda.CU_STREAM_CAPTURE_MODE_GLOBAL()));
        MemorySegment parameters = device.parameters(y, 1, a);
        ok(Cuda.cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, parameters, MemorySegment.NULL));
        parameters.fill((byte) 0);
        return device.pointer(graph -> Cuda.cuStreamEndCapture(stream, graph));
    }

    @Test
    void capturedParametersAreThoseOfTheCall() {
        long y = device.holding(0);
        MemorySegment graph = captured(y, 10);
        MemorySegment exec = device.pointer(out -> Cuda.cuGraphInstantiateWithFlags(out, graph, 0));
        for (int i = 1; i <= 3; i++) {
            ok(Cuda.cuGraphLaunch(exec, stream));
            assertThat(after(y, 1)).containsExactly(10 * i);
        }
    }

    @Test
    void aKernelNodesParametersCanBeReadAndReplaced() {
        long y = device.holding(0);
        MemorySegment graph = captured(y, 10);
        MemorySegment exec = device.pointer(out -> Cuda.cuGraphInstantiateWithFlags(out, graph, 0));
        MemorySegment one = device.arena().allocateFrom(JAVA_LONG, 1);
        MemorySegment node = device.pointer(nodes -> Cuda.cuGraphGetNodes(graph, nodes, one));
        MemorySegment params = CUDA_KERNEL_NODE_PARAMS_v2_st.allocate(device.arena());
        ok(Cuda.cuGraphKernelNodeGetParams_v2(node, params));
        assertThat(CUDA_KERNEL_NODE_PARAMS_v2_st.func(params)).isEqualTo(add);
        assertThat(CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimX(params)).isEqualTo(1);
        ok(Cuda.cuGraphExecKernelNodeSetParams_v2(exec, node, params));
        ok(Cuda.cuGraphLaunch(exec, stream));
        CUDA_KERNEL_NODE_PARAMS_v2_st.kernelParams(params, device.parameters(y, 1, 7));
        ok(Cuda.cuGraphExecKernelNodeSetParams_v2(exec, node, params));
        assertThat(after(y, 1)).containsExactly(10);
        ok(Cuda.cuGraphLaunch(exec, stream));
        assertThat(after(y, 1)).containsExactly(17);
        CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimX(params, 2000);
        fails(Cuda.cuGraphExecKernelNodeSetParams_v2(exec, node, params), Result.INVALID_VALUE);
        fails(Cuda.cuGraphExecKernelNodeSetParams_v2(exec, graph, params), Result.INVALID_HANDLE);
    }

    @Test
    void aGraphOutlivesNoModule() {
        MemorySegment graph = captured(device.holding(0), 10);
        MemorySegment exec = device.pointer(out -> Cuda.cuGraphInstantiateWithFlags(out, graph, 0));
        ok(Cuda.cuModuleUnload(module));
        ok(Cuda.cuGraphLaunch(exec, stream));
        fails(Cuda.cuStreamSynchronize(stream), Result.LAUNCH_FAILED);
        assertThat(TestDevice.driver().fault().orElseThrow()).contains("add was to run after its module was unloaded");
    }
}
