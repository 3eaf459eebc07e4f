package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.CUlaunchAttributeValue_union;
import dev.clusca.bindings.cuda.CUlaunchAttribute_st;
import dev.clusca.bindings.cuda.CUlaunchConfig_st;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.bindings.standin.LaunchCalls;
import dev.clusca.emulator.report.Dim3;
import java.lang.foreign.MemorySegment;

/** Launches of kernels and of host functions. */
final class LaunchDriver implements LaunchCalls {
    private final Driver driver;

    LaunchDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuLaunchKernel(
            long function,
            int gridDimX,
            int gridDimY,
            int gridDimZ,
            int blockDimX,
            int blockDimY,
            int blockDimZ,
            int sharedMemBytes,
            long stream,
            long kernelParams,
            long extra) {
        Dim3 grid = new Dim3(gridDimX, gridDimY, gridDimZ);
        Dim3 block = new Dim3(blockDimX, blockDimY, blockDimZ);
        launch(function, new Operation.LaunchShape(grid, block, sharedMemBytes, false), stream, kernelParams, extra);
    }

    @Override
    public void cuLaunchCooperativeKernel(
            long function,
            int gridDimX,
            int gridDimY,
            int gridDimZ,
            int blockDimX,
            int blockDimY,
            int blockDimZ,
            int sharedMemBytes,
            long stream,
            long kernelParams) {
        Dim3 grid = new Dim3(gridDimX, gridDimY, gridDimZ);
        Dim3 block = new Dim3(blockDimX, blockDimY, blockDimZ);
        launch(function, new Operation.LaunchShape(grid, block, sharedMemBytes, true), stream, kernelParams, 0);
    }

    @Override
    public void cuLaunchKernelEx(long config, long function, long kernelParams, long extra) {
        MemorySegment c = HostMemory.segment(config, CUlaunchConfig_st.sizeof());
        Dim3 grid =
                new Dim3(CUlaunchConfig_st.gridDimX(c), CUlaunchConfig_st.gridDimY(c), CUlaunchConfig_st.gridDimZ(c));
        Dim3 block = new Dim3(
                CUlaunchConfig_st.blockDimX(c), CUlaunchConfig_st.blockDimY(c), CUlaunchConfig_st.blockDimZ(c));
        boolean cooperative = isCooperative(CUlaunchConfig_st.attrs(c).address(), CUlaunchConfig_st.numAttrs(c));
        launch(
                function,
                new Operation.LaunchShape(grid, block, CUlaunchConfig_st.sharedMemBytes(c), cooperative),
                CUlaunchConfig_st.hStream(c).address(),
                kernelParams,
                extra);
    }

    /** Reads launch attributes. Those that only say when a kernel may start early are met by starting it late. */
    private static boolean isCooperative(long attributes, int count) {
        boolean cooperative = false;
        for (int i = 0; i < count; i++) {
            MemorySegment attribute =
                    HostMemory.segment(attributes + i * CUlaunchAttribute_st.sizeof(), CUlaunchAttribute_st.sizeof());
            int id = CUlaunchAttribute_st.id(attribute);
            MemorySegment value = CUlaunchAttribute_st.value(attribute);
            if (id == Cuda.CU_LAUNCH_ATTRIBUTE_COOPERATIVE()) {
                cooperative = CUlaunchAttributeValue_union.cooperative(value) != 0;
            } else if (id != Cuda.CU_LAUNCH_ATTRIBUTE_IGNORE()
                    && id != Cuda.CU_LAUNCH_ATTRIBUTE_PRIORITY()
                    && id != Cuda.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION()
                    && id != Cuda.CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT()) {
                throw new DriverFailure(
                        Result.NOT_SUPPORTED,
                        "found launch attribute " + id
                                + "; the emulator knows cooperative, priority, programmatic stream"
                                + " serialization and shared memory carve-out");
            }
        }
        return cooperative;
    }

    private void launch(long function, Operation.LaunchShape shape, long stream, long kernelParams, long extra) {
        EmulatedContext context = driver.context();
        EmulatedFunction found = driver.handles().get(function, EmulatedFunction.class);
        EmulatedStream in = context.stream(stream);
        context.enqueue(in, kernel(found, shape, kernelParams, extra));
    }

    /** A launch, checked, with its parameters copied. */
    static Operation.Kernel kernel(
            EmulatedFunction function, Operation.LaunchShape shape, long kernelParams, long extra) {
        function.check(shape);
        return new Operation.Kernel(function, shape, Arguments.copy(function.entry(), kernelParams, extra));
    }

    @Override
    public void cuLaunchHostFunc(long stream, long callback, long userData) {
        EmulatedContext context = driver.context();
        if (callback == 0) {
            throw new DriverFailure(Result.INVALID_VALUE, "found a null pointer; expected a host function");
        }
        context.enqueue(context.stream(stream), new Operation.HostCall(callback, userData));
    }
}
