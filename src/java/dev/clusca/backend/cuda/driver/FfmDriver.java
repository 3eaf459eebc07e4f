package dev.clusca.backend.cuda.driver;

import static dev.clusca.backend.cuda.driver.CudaException.check;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.NativeLibrary;
import dev.clusca.bindings.cuda.CUDA_KERNEL_NODE_PARAMS_v2_st;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.driver.DriverFunctions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;

/** The provider that calls the driver through {@code java.lang.foreign}. */
final class FfmDriver implements CudaDriver {
    static final String NAME = "ffm";

    private static final MemorySegment NONE = MemorySegment.NULL;
    private static final int LONGEST_NAME = 256;

    private final Set<CudaCapability> capabilities;

    /** The gate must be open. */
    FfmDriver() {
        capabilities = capabilitiesOf(CudaLibrary.gate());
        check("cuInit", Cuda.cuInit(0));
    }

    private static Set<CudaCapability> capabilitiesOf(NativeLibrary library) {
        Set<CudaCapability> found = EnumSet.noneOf(CudaCapability.class);
        for (CudaCapability capability : CudaCapability.values()) {
            if (entryPoints(capability).stream().allMatch(library::has)) {
                found.add(capability);
            }
        }
        return Set.copyOf(found);
    }

    /** The functions that older drivers lack. */
    static List<String> entryPoints(CudaCapability capability) {
        return switch (capability) {
            case KERNEL_NODE_UPDATE -> List.of("cuGraphKernelNodeGetParams_v2", "cuGraphExecKernelNodeSetParams_v2");
            case PARAMETER_INFO -> List.of("cuFuncGetParamInfo");
            case CLUSTER_LAUNCH -> List.of("cuLaunchKernelEx");
            case TENSOR_MAP -> List.of("cuTensorMapEncodeTiled");
        };
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<CudaCapability> capabilities() {
        return capabilities;
    }

    @Override
    public CudaDriver ffm() {
        return this;
    }

    @Override
    public int driverVersion() {
        return outInt("cuDriverGetVersion", Cuda::cuDriverGetVersion);
    }

    @Override
    public int deviceCount() {
        return outInt("cuDeviceGetCount", Cuda::cuDeviceGetCount);
    }

    @Override
    public String deviceName(int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(LONGEST_NAME);
            check("cuDeviceGetName", Cuda.cuDeviceGetName(name, LONGEST_NAME, handle(device)));
            return name.getString(0);
        }
    }

    @Override
    public long deviceTotalMemory(int device) {
        int handle = handle(device);
        return outLong("cuDeviceTotalMem", out -> Cuda.cuDeviceTotalMem_v2(out, handle));
    }

    @Override
    public int deviceAttribute(int device, int attribute) {
        int handle = handle(device);
        return outInt("cuDeviceGetAttribute", out -> Cuda.cuDeviceGetAttribute(out, attribute, handle));
    }

    @Override
    public long primaryContextRetain(int device) {
        int handle = handle(device);
        return outLong("cuDevicePrimaryCtxRetain", out -> Cuda.cuDevicePrimaryCtxRetain(out, handle));
    }

    @Override
    public void primaryContextRelease(int device) {
        check("cuDevicePrimaryCtxRelease", Cuda.cuDevicePrimaryCtxRelease_v2(handle(device)));
    }

    @Override
    public long contextCurrent() {
        return outLong("cuCtxGetCurrent", Cuda::cuCtxGetCurrent);
    }

    @Override
    public int contextDevice() {
        return outInt("cuCtxGetDevice", Cuda::cuCtxGetDevice);
    }

    @Override
    public void contextPush(long context) {
        check("cuCtxPushCurrent", Cuda.cuCtxPushCurrent_v2(address(context)));
    }

    @Override
    public long contextPop() {
        return outLong("cuCtxPopCurrent", Cuda::cuCtxPopCurrent_v2);
    }

    @Override
    public void contextSynchronize() {
        check("cuCtxSynchronize", Cuda.cuCtxSynchronize());
    }

    @Override
    public long moduleLoad(MemorySegment image) {
        try (Arena arena = Arena.ofConfined()) {
            JitLog log = new JitLog(arena);
            MemorySegment options = arena.allocateFrom(JAVA_INT, JitLog.options());
            MemorySegment out = arena.allocate(JAVA_LONG);
            int code = Cuda.cuModuleLoadDataEx(out, image, JitLog.options().length, options, log.values());
            if (code != 0) {
                throw CudaException.of("cuModuleLoadDataEx", code, log.message());
            }
            return out.get(JAVA_LONG, 0);
        }
    }

    @Override
    public void moduleUnload(long module) {
        check("cuModuleUnload", Cuda.cuModuleUnload(address(module)));
    }

    @Override
    public long moduleFunction(long module, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            int code = Cuda.cuModuleGetFunction(out, address(module), arena.allocateFrom(name));
            check("cuModuleGetFunction(" + name + ")", code);
            return out.get(JAVA_LONG, 0);
        }
    }

    @Override
    public int functionAttribute(long function, int attribute) {
        return outInt("cuFuncGetAttribute", out -> Cuda.cuFuncGetAttribute(out, attribute, address(function)));
    }

    @Override
    public void functionSetAttribute(long function, int attribute, int value) {
        check("cuFuncSetAttribute", Cuda.cuFuncSetAttribute(address(function), attribute, value));
    }

    @Override
    public ParameterPlace functionParameter(long function, int index) {
        CudaDrivers.require(this, CudaCapability.PARAMETER_INFO);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment offset = arena.allocate(JAVA_LONG);
            MemorySegment size = arena.allocate(JAVA_LONG);
            check("cuFuncGetParamInfo", Cuda.cuFuncGetParamInfo(address(function), index, offset, size));
            return new ParameterPlace(offset.get(JAVA_LONG, 0), size.get(JAVA_LONG, 0));
        }
    }

    @Override
    public int activeBlocksPerMultiprocessor(long function, int blockThreads, long dynamicShared) {
        return outInt(
                "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                out -> Cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                        out, address(function), blockThreads, dynamicShared));
    }

    @Override
    public Launcher launcher(long function, MemorySegment table) {
        return new FfmLauncher(this, function, table);
    }

    @Override
    public long allocate(long bytes) {
        return outLong("cuMemAlloc", out -> Cuda.cuMemAlloc_v2(out, bytes));
    }

    @Override
    public void free(long address) {
        check("cuMemFree", Cuda.cuMemFree_v2(address));
    }

    @Override
    public MemoryInfo memoryInfo() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(JAVA_LONG);
            MemorySegment total = arena.allocate(JAVA_LONG);
            check("cuMemGetInfo", Cuda.cuMemGetInfo_v2(free, total));
            return new MemoryInfo(free.get(JAVA_LONG, 0), total.get(JAVA_LONG, 0));
        }
    }

    @Override
    public long hostAllocate(long bytes) {
        return outLong("cuMemHostAlloc", out -> Cuda.cuMemHostAlloc(out, bytes, Cuda.CU_MEMHOSTALLOC_PORTABLE()));
    }

    @Override
    public void hostFree(long address) {
        check("cuMemFreeHost", Cuda.cuMemFreeHost(address(address)));
    }

    @Override
    public void copyToDevice(long device, long host, long bytes) {
        check("cuMemcpyHtoD", Cuda.cuMemcpyHtoD_v2(device, address(host), bytes));
    }

    @Override
    public void copyToHost(long host, long device, long bytes) {
        check("cuMemcpyDtoH", Cuda.cuMemcpyDtoH_v2(address(host), device, bytes));
    }

    @Override
    public void copyOnDevice(long target, long source, long bytes) {
        check("cuMemcpyDtoD", Cuda.cuMemcpyDtoD_v2(target, source, bytes));
    }

    @Override
    public void copyToDeviceAsync(long device, long host, long bytes, long stream) {
        check("cuMemcpyHtoDAsync", Cuda.cuMemcpyHtoDAsync_v2(device, address(host), bytes, address(stream)));
    }

    @Override
    public void copyToHostAsync(long host, long device, long bytes, long stream) {
        check("cuMemcpyDtoHAsync", Cuda.cuMemcpyDtoHAsync_v2(address(host), device, bytes, address(stream)));
    }

    @Override
    public void copyOnDeviceAsync(long target, long source, long bytes, long stream) {
        check("cuMemcpyDtoDAsync", Cuda.cuMemcpyDtoDAsync_v2(target, source, bytes, address(stream)));
    }

    @Override
    public void fill8(long address, byte value, long count) {
        check("cuMemsetD8", Cuda.cuMemsetD8_v2(address, value, count));
    }

    @Override
    public void fill32(long address, int value, long count) {
        check("cuMemsetD32", Cuda.cuMemsetD32_v2(address, value, count));
    }

    @Override
    public void fill8Async(long address, byte value, long count, long stream) {
        check("cuMemsetD8Async", Cuda.cuMemsetD8Async(address, value, count, address(stream)));
    }

    @Override
    public void fill32Async(long address, int value, long count, long stream) {
        check("cuMemsetD32Async", Cuda.cuMemsetD32Async(address, value, count, address(stream)));
    }

    @Override
    public long streamCreate() {
        return outLong("cuStreamCreate", out -> Cuda.cuStreamCreate(out, Cuda.CU_STREAM_NON_BLOCKING()));
    }

    @Override
    public void streamDestroy(long stream) {
        check("cuStreamDestroy", Cuda.cuStreamDestroy_v2(address(stream)));
    }

    @Override
    public void streamSynchronize(long stream) {
        check("cuStreamSynchronize", Cuda.cuStreamSynchronize(address(stream)));
    }

    @Override
    public boolean streamIsDone(long stream) {
        return isDone("cuStreamQuery", Cuda.cuStreamQuery(address(stream)));
    }

    @Override
    public void streamWaitEvent(long stream, long event) {
        check("cuStreamWaitEvent", Cuda.cuStreamWaitEvent(address(stream), address(event), 0));
    }

    @Override
    public void streamBeginCapture(long stream) {
        int code = Cuda.cuStreamBeginCapture_v2(address(stream), Cuda.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL());
        check("cuStreamBeginCapture", code);
    }

    @Override
    public boolean streamIsCapturing(long stream) {
        return outInt("cuStreamIsCapturing", out -> Cuda.cuStreamIsCapturing(address(stream), out))
                != Cuda.CU_STREAM_CAPTURE_STATUS_NONE();
    }

    @Override
    public long streamEndCapture(long stream) {
        return outLong("cuStreamEndCapture", out -> Cuda.cuStreamEndCapture(address(stream), out));
    }

    @Override
    public long eventCreate(boolean timed) {
        int flags = timed ? Cuda.CU_EVENT_DEFAULT() : Cuda.CU_EVENT_DISABLE_TIMING();
        return outLong("cuEventCreate", out -> Cuda.cuEventCreate(out, flags));
    }

    @Override
    public void eventDestroy(long event) {
        check("cuEventDestroy", Cuda.cuEventDestroy_v2(address(event)));
    }

    @Override
    public void eventRecord(long event, long stream) {
        check("cuEventRecord", Cuda.cuEventRecord(address(event), address(stream)));
    }

    @Override
    public void eventSynchronize(long event) {
        check("cuEventSynchronize", Cuda.cuEventSynchronize(address(event)));
    }

    @Override
    public boolean eventIsReached(long event) {
        return isDone("cuEventQuery", Cuda.cuEventQuery(address(event)));
    }

    @Override
    public float eventElapsed(long start, long end) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_FLOAT);
            check("cuEventElapsedTime", DriverFunctions.eventElapsedTime(out, address(start), address(end)));
            return out.get(JAVA_FLOAT, 0);
        }
    }

    @Override
    public long graphInstantiate(long graph) {
        return outLong("cuGraphInstantiate", out -> Cuda.cuGraphInstantiateWithFlags(out, address(graph), 0));
    }

    @Override
    public void graphDestroy(long graph) {
        check("cuGraphDestroy", Cuda.cuGraphDestroy(address(graph)));
    }

    @Override
    public void graphUpload(long instance, long stream) {
        check("cuGraphUpload", Cuda.cuGraphUpload(address(instance), address(stream)));
    }

    @Override
    public void graphLaunch(long instance, long stream) {
        int code = Cuda.cuGraphLaunch(address(instance), address(stream));
        check("cuGraphLaunch", code);
    }

    @Override
    public void graphExecDestroy(long instance) {
        check("cuGraphExecDestroy", Cuda.cuGraphExecDestroy(address(instance)));
    }

    @Override
    public long[] graphKernelNodes(long graph) {
        CudaDrivers.require(this, CudaCapability.KERNEL_NODE_UPDATE);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_LONG);
            check("cuGraphGetNodes", Cuda.cuGraphGetNodes(address(graph), NONE, count));
            long nodes = count.get(JAVA_LONG, 0);
            MemorySegment handles = arena.allocate(JAVA_LONG, Math.max(nodes, 1));
            check("cuGraphGetNodes", Cuda.cuGraphGetNodes(address(graph), handles, count));
            MemorySegment type = arena.allocate(JAVA_INT);
            return handles.asSlice(0, nodes * JAVA_LONG.byteSize())
                    .elements(JAVA_LONG)
                    .mapToLong(handle -> handle.get(JAVA_LONG, 0))
                    .filter(node -> {
                        check("cuGraphNodeGetType", DriverFunctions.graphNodeType(address(node), type));
                        return type.get(JAVA_INT, 0) == Cuda.CU_GRAPH_NODE_TYPE_KERNEL();
                    })
                    .toArray();
        }
    }

    @Override
    public long graphNodeFunction(long node) {
        CudaDrivers.require(this, CudaCapability.KERNEL_NODE_UPDATE);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parameters = CUDA_KERNEL_NODE_PARAMS_v2_st.allocate(arena);
            check("cuGraphKernelNodeGetParams", Cuda.cuGraphKernelNodeGetParams_v2(address(node), parameters));
            return CUDA_KERNEL_NODE_PARAMS_v2_st.func(parameters).address();
        }
    }

    @Override
    public void graphExecSetKernel(
            long instance,
            long node,
            long function,
            int gridX,
            int gridY,
            int gridZ,
            int blockX,
            int blockY,
            int blockZ,
            int shared,
            MemorySegment table) {
        CudaDrivers.require(this, CudaCapability.KERNEL_NODE_UPDATE);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parameters = CUDA_KERNEL_NODE_PARAMS_v2_st.allocate(arena);
            CUDA_KERNEL_NODE_PARAMS_v2_st.func(parameters, address(function));
            CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimX(parameters, gridX);
            CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimY(parameters, gridY);
            CUDA_KERNEL_NODE_PARAMS_v2_st.gridDimZ(parameters, gridZ);
            CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimX(parameters, blockX);
            CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimY(parameters, blockY);
            CUDA_KERNEL_NODE_PARAMS_v2_st.blockDimZ(parameters, blockZ);
            CUDA_KERNEL_NODE_PARAMS_v2_st.sharedMemBytes(parameters, shared);
            CUDA_KERNEL_NODE_PARAMS_v2_st.kernelParams(parameters, table);
            check(
                    "cuGraphExecKernelNodeSetParams",
                    Cuda.cuGraphExecKernelNodeSetParams_v2(address(instance), address(node), parameters));
        }
    }

    @Override
    public void tensorMapEncode(MemorySegment target, TensorMapSpec spec) {
        CudaDrivers.require(this, CudaCapability.TENSOR_MAP);
        if (!target.isNative()
                || target.byteSize() < TensorMapSpec.BYTES
                || target.address() % TensorMapSpec.ALIGNMENT != 0) {
            throw new IllegalArgumentException("a tensor map was to be written to " + target + "; expected "
                    + TensorMapSpec.BYTES + " bytes of native memory at a multiple of " + TensorMapSpec.ALIGNMENT);
        }
        try (Arena arena = Arena.ofConfined()) {
            int code = Cuda.cuTensorMapEncodeTiled(
                    target,
                    spec.dataType(),
                    spec.sizes().size(),
                    address(spec.address()),
                    longs(arena, spec.sizes()),
                    longs(arena, spec.strides()),
                    ints(arena, spec.box()),
                    ints(arena, spec.elementStrides()),
                    spec.interleave(),
                    spec.swizzle(),
                    spec.l2Promotion(),
                    spec.outOfBoundsFill());
            check("cuTensorMapEncodeTiled", code);
        }
    }

    private static int handle(int device) {
        return outInt("cuDeviceGet", out -> Cuda.cuDeviceGet(out, device));
    }

    private static boolean isDone(String call, int code) {
        if (code == CudaError.NOT_READY.code()) {
            return false;
        }
        check(call, code);
        return true;
    }

    private static int outInt(String call, ToIntFunction<MemorySegment> function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            check(call, function.applyAsInt(out));
            return out.get(JAVA_INT, 0);
        }
    }

    private static long outLong(String call, ToIntFunction<MemorySegment> function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check(call, function.applyAsInt(out));
            return out.get(JAVA_LONG, 0);
        }
    }

    private static MemorySegment address(long address) {
        return MemorySegment.ofAddress(address);
    }

    private static MemorySegment longs(Arena arena, List<Long> values) {
        return arena.allocateFrom(
                JAVA_LONG, values.stream().mapToLong(Long::longValue).toArray());
    }

    private static MemorySegment ints(Arena arena, List<Integer> values) {
        return arena.allocateFrom(
                JAVA_INT, values.stream().mapToInt(Integer::intValue).toArray());
    }
}
