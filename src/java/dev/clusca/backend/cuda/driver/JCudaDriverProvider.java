package dev.clusca.backend.cuda.driver;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.JCudaHandles.Context;
import dev.clusca.backend.cuda.driver.JCudaHandles.DeviceAddress;
import dev.clusca.backend.cuda.driver.JCudaHandles.Event;
import dev.clusca.backend.cuda.driver.JCudaHandles.Function;
import dev.clusca.backend.cuda.driver.JCudaHandles.Graph;
import dev.clusca.backend.cuda.driver.JCudaHandles.GraphInstance;
import dev.clusca.backend.cuda.driver.JCudaHandles.HostAddress;
import dev.clusca.backend.cuda.driver.JCudaHandles.Module;
import dev.clusca.backend.cuda.driver.JCudaHandles.Raw;
import dev.clusca.backend.cuda.driver.JCudaHandles.Stream;
import dev.clusca.bindings.JCudaNatives;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.function.IntSupplier;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * The provider that calls the driver through JCuda.
 *
 * <p>JCuda keeps the value of a handle to itself: an object can be made to show it, but none can be made from a value. So this provider keeps the objects of what it created, and calls on
 * handles from elsewhere, such as a linking program's streams, take the FFM provider's way. It also answers for the device's name, because JCuda calls the driver for it inside a JNI critical section,
 * where an upcall of the emulator would deadlock some collectors. For the same reason no Java array is ever handed over as memory.
 *
 * <p>Somebody else in this process may have switched JCuda's exceptions on, so both ways of telling a failure are understood.
 */
final class JCudaDriverProvider implements CudaDriver {
    static final String NAME = "jcuda";

    private final FfmDriver ffm;
    private final HandleTable<Context> contexts = new HandleTable<>();
    private final HandleTable<Module> modules = new HandleTable<>();
    private final HandleTable<Function> functions = new HandleTable<>();
    private final HandleTable<Stream> streams = new HandleTable<>();
    private final HandleTable<Event> events = new HandleTable<>();
    private final HandleTable<Graph> graphs = new HandleTable<>();
    private final HandleTable<GraphInstance> instances = new HandleTable<>();

    private JCudaDriverProvider(FfmDriver ffm) {
        this.ffm = ffm;
        // An object that JCuda never set has the value 0, which is the legacy default stream.
        streams.put(0, new Stream());
    }

    /** Loads JCuda and makes sure that it talks to the same driver. */
    static JCudaDriverProvider open(FfmDriver ffm) {
        JCudaJvm.require(Runtime.version(), ManagementFactory.getRuntimeMXBean().getInputArguments());
        JCudaDriverProvider provider = new JCudaDriverProvider(ffm);
        JCudaNatives.load(() -> call("cuInit", () -> JCudaDriver.cuInit(0)));
        provider.requireSameDriver();
        return provider;
    }

    private void requireSameDriver() {
        String theirs = "CUDA " + driverVersion() + ", " + deviceCount() + " devices, " + memoryOfFirst(this);
        String ours = "CUDA " + ffm.driverVersion() + ", " + ffm.deviceCount() + " devices, " + memoryOfFirst(ffm);
        if (!theirs.equals(ours)) {
            throw new BackendException("JCuda talks to another driver (" + theirs + ") than the FFM provider (" + ours
                    + "); let only one libcuda.so.1 be found (LD_LIBRARY_PATH), or set -D" + CudaDrivers.PROPERTY + "="
                    + FfmDriver.NAME);
        }
    }

    private static String memoryOfFirst(CudaDriver driver) {
        return driver.deviceCount() == 0 ? "no memory" : driver.deviceTotalMemory(0) + " bytes";
    }

    @Override
    public String name() {
        return NAME;
    }

    /** None: JCuda 12.6 knows no tensor maps, clusters and parameters, and its graph nodes hide their handles. */
    @Override
    public Set<CudaCapability> capabilities() {
        return Set.of();
    }

    @Override
    public CudaDriver ffm() {
        return ffm;
    }

    @Override
    public int driverVersion() {
        int[] out = new int[1];
        call("cuDriverGetVersion", () -> JCudaDriver.cuDriverGetVersion(out));
        return out[0];
    }

    @Override
    public int deviceCount() {
        int[] out = new int[1];
        call("cuDeviceGetCount", () -> JCudaDriver.cuDeviceGetCount(out));
        return out[0];
    }

    @Override
    public String deviceName(int device) {
        return ffm.deviceName(device);
    }

    @Override
    public long deviceTotalMemory(int device) {
        CUdevice handle = handle(device);
        long[] out = new long[1];
        call("cuDeviceTotalMem", () -> JCudaDriver.cuDeviceTotalMem(out, handle));
        return out[0];
    }

    @Override
    public int deviceAttribute(int device, int attribute) {
        CUdevice handle = handle(device);
        int[] out = new int[1];
        call("cuDeviceGetAttribute", () -> JCudaDriver.cuDeviceGetAttribute(out, attribute, handle));
        return out[0];
    }

    @Override
    public long primaryContextRetain(int device) {
        CUdevice handle = handle(device);
        Context context = new Context();
        call("cuDevicePrimaryCtxRetain", () -> JCudaDriver.cuDevicePrimaryCtxRetain(context, handle));
        return kept(contexts, context);
    }

    @Override
    public void primaryContextRelease(int device) {
        CUdevice handle = handle(device);
        call("cuDevicePrimaryCtxRelease", () -> JCudaDriver.cuDevicePrimaryCtxRelease(handle));
    }

    @Override
    public long contextCurrent() {
        Context context = new Context();
        call("cuCtxGetCurrent", () -> JCudaDriver.cuCtxGetCurrent(context));
        return kept(contexts, context);
    }

    @Override
    public int contextDevice() {
        // JCuda's device objects hide their number.
        return ffm.contextDevice();
    }

    @Override
    public void contextPush(long context) {
        Context known = contexts.get(context);
        if (known == null) {
            ffm.contextPush(context);
        } else {
            call("cuCtxPushCurrent", () -> JCudaDriver.cuCtxPushCurrent(known));
        }
    }

    @Override
    public long contextPop() {
        Context context = new Context();
        call("cuCtxPopCurrent", () -> JCudaDriver.cuCtxPopCurrent(context));
        return kept(contexts, context);
    }

    @Override
    public void contextSynchronize() {
        call("cuCtxSynchronize", JCudaDriver::cuCtxSynchronize);
    }

    @Override
    public long moduleLoad(MemorySegment image) {
        Module module = new Module();
        try (Arena arena = Arena.ofConfined()) {
            JitLog log = new JitLog(arena);
            int[] options = JitLog.options();
            int code = code(() -> JCudaDriver.cuModuleLoadDataEx(
                    module,
                    new HostAddress(image.address()),
                    options.length,
                    options,
                    new HostAddress(log.values().address())));
            if (code != 0) {
                throw CudaException.of("cuModuleLoadDataEx", code, log.message());
            }
        }
        return kept(modules, module);
    }

    @Override
    public void moduleUnload(long module) {
        Module known = modules.get(module);
        if (known == null) {
            ffm.moduleUnload(module);
        } else {
            modules.remove(module);
            call("cuModuleUnload", () -> JCudaDriver.cuModuleUnload(known));
        }
    }

    @Override
    public long moduleFunction(long module, String name) {
        Module known = modules.get(module);
        if (known == null) {
            return ffm.moduleFunction(module, name);
        }
        Function function = new Function();
        call("cuModuleGetFunction(" + name + ")", () -> JCudaDriver.cuModuleGetFunction(function, known, name));
        return kept(functions, function);
    }

    @Override
    public int functionAttribute(long function, int attribute) {
        Function known = functions.get(function);
        if (known == null) {
            return ffm.functionAttribute(function, attribute);
        }
        int[] out = new int[1];
        call("cuFuncGetAttribute", () -> JCudaDriver.cuFuncGetAttribute(out, attribute, known));
        return out[0];
    }

    @Override
    public void functionSetAttribute(long function, int attribute, int value) {
        Function known = functions.get(function);
        if (known == null) {
            ffm.functionSetAttribute(function, attribute, value);
        } else {
            call("cuFuncSetAttribute", () -> JCudaDriver.cuFuncSetAttribute(known, attribute, value));
        }
    }

    @Override
    public ParameterPlace functionParameter(long function, int index) {
        throw lacking(CudaCapability.PARAMETER_INFO);
    }

    @Override
    public int activeBlocksPerMultiprocessor(long function, int blockThreads, long dynamicShared) {
        Function known = functions.get(function);
        if (known == null) {
            return ffm.activeBlocksPerMultiprocessor(function, blockThreads, dynamicShared);
        }
        int[] out = new int[1];
        call(
                "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                () -> JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(out, known, blockThreads, dynamicShared));
        return out[0];
    }

    @Override
    public Launcher launcher(long function, MemorySegment table) {
        Function known = functions.get(function);
        Launcher foreign = ffm.launcher(function, table);
        return known == null ? foreign : new JCudaLauncher(this, known, new HostAddress(table.address()), foreign);
    }

    @Override
    public long allocate(long bytes) {
        DeviceAddress address = new DeviceAddress();
        call("cuMemAlloc", () -> JCudaDriver.cuMemAlloc(address, bytes));
        return address.raw();
    }

    @Override
    public void free(long address) {
        call("cuMemFree", () -> JCudaDriver.cuMemFree(new DeviceAddress(address)));
    }

    @Override
    public MemoryInfo memoryInfo() {
        long[] free = new long[1];
        long[] total = new long[1];
        call("cuMemGetInfo", () -> JCudaDriver.cuMemGetInfo(free, total));
        return new MemoryInfo(free[0], total[0]);
    }

    @Override
    public long hostAllocate(long bytes) {
        HostAddress address = new HostAddress();
        call("cuMemHostAlloc", () -> JCudaDriver.cuMemHostAlloc(address, bytes, Cuda.CU_MEMHOSTALLOC_PORTABLE()));
        return address.raw();
    }

    @Override
    public void hostFree(long address) {
        call("cuMemFreeHost", () -> JCudaDriver.cuMemFreeHost(new HostAddress(address)));
    }

    @Override
    public void copyToDevice(long device, long host, long bytes) {
        call("cuMemcpyHtoD", () -> JCudaDriver.cuMemcpyHtoD(new DeviceAddress(device), new HostAddress(host), bytes));
    }

    @Override
    public void copyToHost(long host, long device, long bytes) {
        call("cuMemcpyDtoH", () -> JCudaDriver.cuMemcpyDtoH(new HostAddress(host), new DeviceAddress(device), bytes));
    }

    @Override
    public void copyOnDevice(long target, long source, long bytes) {
        call(
                "cuMemcpyDtoD",
                () -> JCudaDriver.cuMemcpyDtoD(new DeviceAddress(target), new DeviceAddress(source), bytes));
    }

    @Override
    public void copyToDeviceAsync(long device, long host, long bytes, long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.copyToDeviceAsync(device, host, bytes, stream);
        } else {
            call(
                    "cuMemcpyHtoDAsync",
                    () -> JCudaDriver.cuMemcpyHtoDAsync(
                            new DeviceAddress(device), new HostAddress(host), bytes, known));
        }
    }

    @Override
    public void copyToHostAsync(long host, long device, long bytes, long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.copyToHostAsync(host, device, bytes, stream);
        } else {
            call(
                    "cuMemcpyDtoHAsync",
                    () -> JCudaDriver.cuMemcpyDtoHAsync(
                            new HostAddress(host), new DeviceAddress(device), bytes, known));
        }
    }

    @Override
    public void copyOnDeviceAsync(long target, long source, long bytes, long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.copyOnDeviceAsync(target, source, bytes, stream);
        } else {
            call(
                    "cuMemcpyDtoDAsync",
                    () -> JCudaDriver.cuMemcpyDtoDAsync(
                            new DeviceAddress(target), new DeviceAddress(source), bytes, known));
        }
    }

    @Override
    public void fill8(long address, byte value, long count) {
        call("cuMemsetD8", () -> JCudaDriver.cuMemsetD8(new DeviceAddress(address), value, count));
    }

    @Override
    public void fill32(long address, int value, long count) {
        call("cuMemsetD32", () -> JCudaDriver.cuMemsetD32(new DeviceAddress(address), value, count));
    }

    @Override
    public void fill8Async(long address, byte value, long count, long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.fill8Async(address, value, count, stream);
        } else {
            call("cuMemsetD8Async", () -> JCudaDriver.cuMemsetD8Async(new DeviceAddress(address), value, count, known));
        }
    }

    @Override
    public void fill32Async(long address, int value, long count, long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.fill32Async(address, value, count, stream);
        } else {
            call(
                    "cuMemsetD32Async",
                    () -> JCudaDriver.cuMemsetD32Async(new DeviceAddress(address), value, count, known));
        }
    }

    @Override
    public long streamCreate() {
        Stream stream = new Stream();
        call("cuStreamCreate", () -> JCudaDriver.cuStreamCreate(stream, Cuda.CU_STREAM_NON_BLOCKING()));
        return kept(streams, stream);
    }

    @Override
    public void streamDestroy(long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.streamDestroy(stream);
        } else {
            streams.remove(stream);
            call("cuStreamDestroy", () -> JCudaDriver.cuStreamDestroy(known));
        }
    }

    @Override
    public void streamSynchronize(long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.streamSynchronize(stream);
        } else {
            call("cuStreamSynchronize", () -> JCudaDriver.cuStreamSynchronize(known));
        }
    }

    @Override
    public boolean streamIsDone(long stream) {
        Stream known = streams.get(stream);
        return known == null
                ? ffm.streamIsDone(stream)
                : isDone("cuStreamQuery", () -> JCudaDriver.cuStreamQuery(known));
    }

    @Override
    public void streamWaitEvent(long stream, long event) {
        Stream knownStream = streams.get(stream);
        Event knownEvent = events.get(event);
        if (knownStream == null || knownEvent == null) {
            ffm.streamWaitEvent(stream, event);
        } else {
            call("cuStreamWaitEvent", () -> JCudaDriver.cuStreamWaitEvent(knownStream, knownEvent, 0));
        }
    }

    @Override
    public void streamBeginCapture(long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            ffm.streamBeginCapture(stream);
        } else {
            call(
                    "cuStreamBeginCapture",
                    () -> JCudaDriver.cuStreamBeginCapture(known, Cuda.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL()));
        }
    }

    @Override
    public boolean streamIsCapturing(long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            return ffm.streamIsCapturing(stream);
        }
        int[] status = new int[1];
        call("cuStreamIsCapturing", () -> JCudaDriver.cuStreamIsCapturing(known, status));
        return status[0] != Cuda.CU_STREAM_CAPTURE_STATUS_NONE();
    }

    @Override
    public long streamEndCapture(long stream) {
        Stream known = streams.get(stream);
        if (known == null) {
            return ffm.streamEndCapture(stream);
        }
        Graph graph = new Graph();
        call("cuStreamEndCapture", () -> JCudaDriver.cuStreamEndCapture(known, graph));
        return kept(graphs, graph);
    }

    @Override
    public long eventCreate(boolean timed) {
        Event event = new Event();
        int flags = timed ? Cuda.CU_EVENT_DEFAULT() : Cuda.CU_EVENT_DISABLE_TIMING();
        call("cuEventCreate", () -> JCudaDriver.cuEventCreate(event, flags));
        return kept(events, event);
    }

    @Override
    public void eventDestroy(long event) {
        Event known = events.get(event);
        if (known == null) {
            ffm.eventDestroy(event);
        } else {
            events.remove(event);
            call("cuEventDestroy", () -> JCudaDriver.cuEventDestroy(known));
        }
    }

    @Override
    public void eventRecord(long event, long stream) {
        Event knownEvent = events.get(event);
        Stream knownStream = streams.get(stream);
        if (knownEvent == null || knownStream == null) {
            ffm.eventRecord(event, stream);
        } else {
            call("cuEventRecord", () -> JCudaDriver.cuEventRecord(knownEvent, knownStream));
        }
    }

    @Override
    public void eventSynchronize(long event) {
        Event known = events.get(event);
        if (known == null) {
            ffm.eventSynchronize(event);
        } else {
            call("cuEventSynchronize", () -> JCudaDriver.cuEventSynchronize(known));
        }
    }

    @Override
    public boolean eventIsReached(long event) {
        Event known = events.get(event);
        return known == null
                ? ffm.eventIsReached(event)
                : isDone("cuEventQuery", () -> JCudaDriver.cuEventQuery(known));
    }

    @Override
    public float eventElapsed(long start, long end) {
        Event knownStart = events.get(start);
        Event knownEnd = events.get(end);
        if (knownStart == null || knownEnd == null) {
            return ffm.eventElapsed(start, end);
        }
        float[] out = new float[1];
        call("cuEventElapsedTime", () -> JCudaDriver.cuEventElapsedTime(out, knownStart, knownEnd));
        return out[0];
    }

    @Override
    public long graphInstantiate(long graph) {
        Graph known = graphs.get(graph);
        if (known == null) {
            return ffm.graphInstantiate(graph);
        }
        GraphInstance instance = new GraphInstance();
        call("cuGraphInstantiate", () -> JCudaDriver.cuGraphInstantiate(instance, known, 0));
        return kept(instances, instance);
    }

    @Override
    public void graphDestroy(long graph) {
        Graph known = graphs.get(graph);
        if (known == null) {
            ffm.graphDestroy(graph);
        } else {
            graphs.remove(graph);
            call("cuGraphDestroy", () -> JCudaDriver.cuGraphDestroy(known));
        }
    }

    @Override
    public void graphUpload(long instance, long stream) {
        GraphInstance knownInstance = instances.get(instance);
        Stream knownStream = streams.get(stream);
        if (knownInstance == null || knownStream == null) {
            ffm.graphUpload(instance, stream);
        } else {
            call("cuGraphUpload", () -> JCudaDriver.cuGraphUpload(knownInstance, knownStream));
        }
    }

    @Override
    public void graphLaunch(long instance, long stream) {
        GraphInstance knownInstance = instances.get(instance);
        Stream knownStream = streams.get(stream);
        if (knownInstance == null || knownStream == null) {
            ffm.graphLaunch(instance, stream);
        } else {
            call("cuGraphLaunch", () -> JCudaDriver.cuGraphLaunch(knownInstance, knownStream));
        }
    }

    @Override
    public void graphExecDestroy(long instance) {
        GraphInstance known = instances.get(instance);
        if (known == null) {
            ffm.graphExecDestroy(instance);
        } else {
            instances.remove(instance);
            call("cuGraphExecDestroy", () -> JCudaDriver.cuGraphExecDestroy(known));
        }
    }

    @Override
    public long[] graphKernelNodes(long graph) {
        throw lacking(CudaCapability.KERNEL_NODE_UPDATE);
    }

    @Override
    public long graphNodeFunction(long node) {
        throw lacking(CudaCapability.KERNEL_NODE_UPDATE);
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
        throw lacking(CudaCapability.KERNEL_NODE_UPDATE);
    }

    @Override
    public void tensorMapEncode(MemorySegment target, TensorMapSpec spec) {
        throw lacking(CudaCapability.TENSOR_MAP);
    }

    /** The object of a stream that JCuda created, or null. */
    @Nullable
    Stream stream(long handle) {
        return streams.get(handle);
    }

    /** The result code that JCuda's exception stands for: its message is the code's name. */
    static int codeOf(jcuda.CudaException e) {
        return CudaError.named(String.valueOf(e.getMessage()))
                .orElse(CudaError.UNKNOWN)
                .code();
    }

    private static BackendException lacking(CudaCapability capability) {
        return new BackendException("JCuda does not offer " + capability.meaning()
                + "; ask CudaDrivers.with(driver, CudaCapability." + capability + ") for a provider that does");
    }

    private static <T extends Raw> long kept(HandleTable<T> table, T handle) {
        long raw = handle.raw();
        // Contexts are asked for again and again.
        if (table.get(raw) == null || !(handle instanceof Context)) {
            table.put(raw, handle);
        }
        return raw;
    }

    private static CUdevice handle(int device) {
        CUdevice handle = new CUdevice();
        call("cuDeviceGet", () -> JCudaDriver.cuDeviceGet(handle, device));
        return handle;
    }

    private static boolean isDone(String name, IntSupplier query) {
        int code = code(query);
        if (code == CudaError.NOT_READY.code()) {
            return false;
        }
        CudaException.check(name, code);
        return true;
    }

    private static void call(String name, IntSupplier function) {
        CudaException.check(name, code(function));
    }

    private static int code(IntSupplier function) {
        try {
            return function.getAsInt();
        } catch (jcuda.CudaException e) {
            return codeOf(e);
        }
    }
}
