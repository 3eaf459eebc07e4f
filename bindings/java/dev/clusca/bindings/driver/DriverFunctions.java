package dev.clusca.bindings.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.Calls;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Entry points of the CUDA driver that its newest header hides behind a later version, and names that the driver gives as C strings. */
public final class DriverFunctions {
    private static final int LONGEST_TEXT = 1024;

    private DriverFunctions() {}

    private static final class ElapsedTime {
        static final MethodHandle HANDLE = CudaLibrary.gate()
                .downcall("cuEventElapsedTime", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    }

    private static final class NodeType {
        static final MethodHandle HANDLE =
                CudaLibrary.gate().downcall("cuGraphNodeGetType", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    }

    private static final class LaunchKernel {
        static final MethodHandle HANDLE = CudaLibrary.gate()
                .downcall(
                        "cuLaunchKernel",
                        FunctionDescriptor.of(
                                JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                                JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    /**
     * {@code cuLaunchKernel} with handles and addresses as numbers: the generated class takes segments, each of which is looked at before every call, and launches are what a program makes by the
     * thousand. What the table leads to must stay alive until this returns.
     */
    public static int launchKernel(
            long function,
            int gridX,
            int gridY,
            int gridZ,
            int blockX,
            int blockY,
            int blockZ,
            int shared,
            long stream,
            long table) {
        try {
            return (int) LaunchKernel.HANDLE.invokeExact(
                    function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, table, 0L);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** {@code cuEventElapsedTime}, which every driver has; {@code cuEventElapsedTime_v2} came with CUDA 12.8. */
    public static int eventElapsedTime(MemorySegment milliseconds, MemorySegment start, MemorySegment end) {
        try {
            return (int) ElapsedTime.HANDLE.invokeExact(milliseconds, start, end);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** {@code cuGraphNodeGetType}. */
    public static int graphNodeType(MemorySegment node, MemorySegment type) {
        try {
            return (int) NodeType.HANDLE.invokeExact(node, type);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** The driver's name of a result code, as in {@code CUDA_ERROR_INVALID_VALUE}; nothing where there is no driver or it knows no such code. */
    public static Optional<String> errorName(int code) {
        if (!CudaLibrary.gate().isAvailable()) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            if (Cuda.cuGetErrorName(code, out) != Cuda.CUDA_SUCCESS()) {
                return Optional.empty();
            }
            MemorySegment text = out.get(ADDRESS, 0);
            return text.address() == 0
                    ? Optional.empty()
                    : Optional.of(text.reinterpret(LONGEST_TEXT).getString(0));
        }
    }
}
