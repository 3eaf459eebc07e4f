package dev.clusca.emulator.driver;

import static dev.clusca.emulator.driver.TestDevice.fails;
import static dev.clusca.emulator.driver.TestDevice.ok;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Modules, their functions and variables, and the log of what cannot be loaded. */
@Tag("emulated")
class ModuleCallsTest {
    private final TestDevice device = new TestDevice();

    @AfterEach
    void end() {
        device.close();
    }

    /** The result of loading PTX text, and the error log. */
    private record Loaded(int result, String log) {}

    private Loaded load(String ptx) {
        int capacity = 512;
        MemorySegment log = device.arena().allocate(capacity);
        MemorySegment options = device.arena()
                .allocateFrom(JAVA_INT, Cuda.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES(), Cuda.CU_JIT_ERROR_LOG_BUFFER());
        MemorySegment values = device.arena().allocateFrom(JAVA_LONG, capacity, log.address());
        int result = Cuda.cuModuleLoadDataEx(
                device.arena().allocate(ADDRESS), device.arena().allocateFrom(ptx), 2, options, values);
        String text = log.getString(0);
        assertThat(values.getAtIndex(JAVA_LONG, 0)).as("size of the log").isEqualTo(text.length());
        return new Loaded(result, text);
    }

    @Test
    void modulesHaveFunctionsAndVariables() {
        MemorySegment module = device.module(Kernels.PTX);
        MemorySegment add = device.function(module, "add");
        assertThat(device.number(count -> Cuda.cuModuleGetFunctionCount(count, module)))
                .isEqualTo(4);
        MemorySegment functions = device.arena().allocate(JAVA_LONG, 4);
        ok(Cuda.cuModuleEnumerateFunctions(functions, 4, module));
        assertThat(functions.getAtIndex(JAVA_LONG, 0)).isEqualTo(add.address());
        assertThat(device.pointer(out -> Cuda.cuFuncGetModule(out, add))).isEqualTo(module);
        fails(Cuda.cuModuleGetFunction(functions, module, device.arena().allocateFrom("nothing")), Result.NOT_FOUND);
        assertThat(TestDevice.driver().lastFailure().orElseThrow()).contains("add, mixed, scaled, shared");
        MemorySegment bytes = device.arena().allocate(JAVA_LONG);
        long counter = device.wide(out ->
                Cuda.cuModuleGetGlobal_v2(out, bytes, module, device.arena().allocateFrom("counter")));
        assertThat(bytes.get(JAVA_LONG, 0)).isEqualTo(4);
        assertThat(device.read(counter, 1)).containsExactly(5);
        fails(Cuda.cuModuleGetGlobal_v2(bytes, bytes, module, device.arena().allocateFrom("y")), Result.NOT_FOUND);
        ok(Cuda.cuModuleUnload(module));
        fails(Cuda.cuFuncLoad(add), Result.INVALID_HANDLE);
        fails(Cuda.cuModuleUnload(module), Result.INVALID_HANDLE);
    }

    /** What a launcher checks a manifest against: offsets and sizes, and an error after the last. */
    @Test
    void parametersHaveTheOffsetsAndSizesOfTheirPtx() {
        MemorySegment mixed = device.function(device.module(Kernels.PTX), "mixed");
        long[][] expected = {{0, 4}, {8, 8}, {16, 2}, {20, 4}};
        MemorySegment size = device.arena().allocate(JAVA_LONG);
        for (int i = 0; i < expected.length; i++) {
            int index = i;
            assertThat(device.wide(offset -> Cuda.cuFuncGetParamInfo(mixed, index, offset, size)))
                    .isEqualTo(expected[i][0]);
            assertThat(size.get(JAVA_LONG, 0)).isEqualTo(expected[i][1]);
        }
        fails(Cuda.cuFuncGetParamInfo(mixed, 4, size, size), Result.INVALID_VALUE);
    }

    @Test
    void functionsHaveAttributes() {
        MemorySegment module = device.module(Kernels.PTX);
        MemorySegment add = device.function(module, "add");
        MemorySegment shared = device.function(module, "shared");
        assertThat(attribute(add, Cuda.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK()))
                .isEqualTo(256);
        assertThat(attribute(shared, Cuda.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK()))
                .isEqualTo(1024);
        assertThat(attribute(add, Cuda.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES())).isZero();
        assertThat(attribute(shared, Cuda.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES()))
                .isEqualTo(1024);
        assertThat(attribute(add, Cuda.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES())).isZero();
        assertThat(attribute(add, Cuda.CU_FUNC_ATTRIBUTE_PTX_VERSION())).isEqualTo(70);
        assertThat(attribute(add, Cuda.CU_FUNC_ATTRIBUTE_BINARY_VERSION())).isEqualTo(80);
        int dynamic = Cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES();
        assertThat(attribute(shared, dynamic)).isEqualTo(47 << 10);
        ok(Cuda.cuFuncSetAttribute(shared, dynamic, 162 << 10));
        assertThat(attribute(shared, dynamic)).isEqualTo(162 << 10);
        fails(Cuda.cuFuncSetAttribute(shared, dynamic, 163 << 10), Result.INVALID_VALUE);
        fails(Cuda.cuFuncSetAttribute(shared, Cuda.CU_FUNC_ATTRIBUTE_NUM_REGS(), 1), Result.INVALID_VALUE);
        ok(Cuda.cuFuncSetCacheConfig(shared, 1));
        ok(Cuda.cuFuncLoad(shared));
        MemorySegment name = device.pointer(out -> Cuda.cuFuncGetName(out, shared));
        assertThat(dev.clusca.bindings.standin.HostMemory.getText(name.address()))
                .isEqualTo("shared");
    }

    private int attribute(MemorySegment function, int attribute) {
        return device.number(out -> Cuda.cuFuncGetAttribute(out, attribute, function));
    }

    static Stream<Arguments> unloadable() {
        return Stream.of(
                Arguments.of("nothing that is PTX", Result.INVALID_IMAGE, "no .version"),
                Arguments.of(
                        Kernels.PTX.replace(".version 7.0", ".version 9.9"),
                        Result.UNSUPPORTED_PTX_VERSION,
                        "up to 9.0"),
                Arguments.of(Kernels.PTX.replace("sm_80", "sm_90"), Result.INVALID_PTX, "for sm_90"),
                Arguments.of(Kernels.PTX.replace("mad.lo.s32", "mud.lo.s32"), Result.INVALID_PTX, "PTX line 20"),
                Arguments.of(Kernels.PTX.substring(0, 600), Result.INVALID_PTX, "PTX line"));
    }

    @ParameterizedTest
    @MethodSource("unloadable")
    void whatCannotBeLoadedSaysWhyInTheLog(String ptx, Result expected, String inLog) {
        Loaded loaded = load(ptx);
        fails(loaded.result(), expected);
        assertThat(loaded.log()).contains(inLog);
        ok(Cuda.cuCtxSynchronize());
    }

    @Test
    void machineCodeIsRefused() {
        MemorySegment elf = device.arena().allocateFrom(JAVA_INT, 0x464C457F, 0);
        fails(Cuda.cuModuleLoadData(device.arena().allocate(ADDRESS), elf), Result.NO_BINARY_FOR_GPU);
    }

    @Test
    void aGoodModuleLeavesTheLogEmpty() {
        assertThat(load(Kernels.PTX)).isEqualTo(new Loaded(0, ""));
    }

    @Test
    void occupancyFollowsThreadsAndSharedMemory() {
        MemorySegment module = device.module(Kernels.PTX);
        MemorySegment add = device.function(module, "add");
        MemorySegment shared = device.function(module, "shared");
        assertThat(blocks(add, 256, 0)).isEqualTo(8);
        assertThat(blocks(add, 33, 0)).isEqualTo(32);
        assertThat(blocks(add, 512, 0)).isZero();
        assertThat(blocks(shared, 32, 39 << 10)).isEqualTo(4);
        assertThat(device.wide(out -> Cuda.cuOccupancyAvailableDynamicSMemPerBlock(out, shared, 4, 32)))
                .isEqualTo(39 << 10);
        fails(
                Cuda.cuOccupancyAvailableDynamicSMemPerBlock(device.arena().allocate(8), shared, 100, 32),
                Result.INVALID_VALUE);
        MemorySegment size = device.arena().allocate(JAVA_INT);
        int grid =
                device.number(out -> Cuda.cuOccupancyMaxPotentialBlockSize(out, size, add, MemorySegment.NULL, 0, 0));
        assertThat(size.get(JAVA_INT, 0)).isEqualTo(256);
        assertThat(grid).isEqualTo(8 * TestDevice.driver().device().multiprocessors());
    }

    private int blocks(MemorySegment function, int threads, long shared) {
        return device.number(out -> Cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(out, function, threads, shared));
    }
}
