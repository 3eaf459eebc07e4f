package consumer;

import dev.clusca.backend.cuda.CudaContext;
import dev.clusca.backend.cuda.CudaModule;
import dev.clusca.backend.cuda.CudaStream;
import dev.clusca.backend.cuda.Kernel;
import dev.clusca.backend.cuda.Ptx;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** A program with its own context, stream and memory, all through JCuda, that clusters, gathers and propagates tokens with clusca's kernels: one image of four tokens with two channels. */
public final class OwnMemory {
    private static final int N = 4;
    private static final int K = 2;
    private static final int C = 2;

    private OwnMemory() {}

    /** JCuda's handles with their value in the open. */
    private static final class Stream extends CUstream {
        long handle() {
            return getNativePointer();
        }
    }

    private static final class Memory extends CUdeviceptr {
        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    public static void main(String[] args) {
        // First of all, so that JCuda finds the same driver, be it the emulator.
        var driver = CudaDrivers.open();
        JCudaDriver.setExceptionsEnabled(true);
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        CUcontext mine = new CUcontext();
        JCudaDriver.cuCtxCreate(mine, 0, device);
        Stream stream = new Stream();
        JCudaDriver.cuStreamCreate(stream, 1);

        Memory x = floats(0, 0, 0, 1, 10, 10, 10, 11);
        Memory centroids = floats(0, 0, 10, 10);
        Memory scratch = floats(new float[K * C]);
        Memory labels = ints(new int[N]);
        Memory iterations = ints(0);
        Memory flags = ints(0, 0, 0);
        Memory representatives = ints(1, 2);
        Memory rows = floats(new float[K * C]);
        Memory target = floats(new float[N * C]);
        // A copy from memory that is not pinned may return before its bytes are on the device, and a non-blocking stream does not wait for it.
        JCudaDriver.cuCtxSynchronize();

        try (CudaContext context = CudaContext.current(driver);
                CudaStream queue = context.wrapStream(stream.handle());
                CudaModule clusters = context.load(Ptx.shipped("kmeans"));
                CudaModule moves = context.load(Ptx.shipped("rows"))) {
            Kernel kmeans = clusters.kernel(
                    "kmeans_f32",
                    "const f32* x",
                    "f32* centroids",
                    "f32* scratch",
                    "s32* labels",
                    "s32* iterations",
                    "u32* flags",
                    "s32 R",
                    "s32 N",
                    "s32 K",
                    "s32 C",
                    "s32 maxIterations",
                    "s32 together",
                    "f32 relative",
                    "f32 absolute");
            kmeans.arguments()
                    .pointer(x.address())
                    .pointer(centroids.address())
                    .pointer(scratch.address())
                    .pointer(labels.address())
                    .pointer(iterations.address())
                    .pointer(flags.address())
                    .int32(1)
                    .int32(N)
                    .int32(K)
                    .int32(C)
                    .int32(20)
                    .int32(0)
                    .float32(1e-4f)
                    .float32(1e-6f);
            kmeans.launch(queue, 1, 256);
            Kernel gather = moves.kernel(
                    "gather_rows_f32_f32", "const f32* x", "const s32* index", "f32* rows", "s32 R", "s32 N", "s32 K", "s32 C");
            gather.arguments()
                    .tensor(Tensor.wrap(x.address(), DType.F32, Shape.of(1, N, C)))
                    .tensor(Tensor.wrap(representatives.address(), DType.I32, Shape.of(1, K)))
                    .tensor(Tensor.wrap(rows.address(), DType.F32, Shape.of(1, K, C)))
                    .int32(1)
                    .int32(N)
                    .int32(K)
                    .int32(C);
            gather.launch(queue, 1, 256);
            Kernel propagate = moves.kernel(
                    "propagate_f32_f32",
                    "const f32* rows",
                    "const s32* index",
                    "const s32* labels",
                    "f32* target",
                    "s32 R",
                    "s32 N",
                    "s32 K",
                    "s32 C",
                    "f32 ratio");
            propagate
                    .arguments()
                    .pointer(rows.address())
                    .pointer(representatives.address())
                    .pointer(labels.address())
                    .pointer(target.address())
                    .int32(1)
                    .int32(N)
                    .int32(K)
                    .int32(C)
                    .float32(0.5f);
            propagate.launch(queue, 1, 256);
            // Before the modules go, whose kernels may still run.
            JCudaDriver.cuStreamSynchronize(stream);
        }

        System.out.println("labels " + Arrays.toString(readInts(labels, N)));
        System.out.println("centroids " + Arrays.toString(readFloats(centroids, K * C)));
        System.out.println("rows " + Arrays.toString(readFloats(rows, K * C)));
        System.out.println("target " + Arrays.toString(readFloats(target, N * C)));
        for (Memory memory : new Memory[] {x, centroids, scratch, labels, iterations, flags, representatives, rows, target}) {
            JCudaDriver.cuMemFree(memory);
        }
        JCudaDriver.cuStreamDestroy(stream);
        JCudaDriver.cuCtxDestroy(mine);
    }

    private static Memory floats(float... values) {
        ByteBuffer bytes = bytes(values.length);
        bytes.asFloatBuffer().put(values);
        return upload(bytes);
    }

    private static Memory ints(int... values) {
        ByteBuffer bytes = bytes(values.length);
        bytes.asIntBuffer().put(values);
        return upload(bytes);
    }

    private static Memory upload(ByteBuffer bytes) {
        Memory memory = new Memory();
        JCudaDriver.cuMemAlloc(memory, bytes.capacity());
        JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(bytes), bytes.capacity());
        return memory;
    }

    private static float[] readFloats(Memory memory, int count) {
        float[] values = new float[count];
        download(memory, count).asFloatBuffer().get(values);
        return values;
    }

    private static int[] readInts(Memory memory, int count) {
        int[] values = new int[count];
        download(memory, count).asIntBuffer().get(values);
        return values;
    }

    private static ByteBuffer download(Memory memory, int count) {
        ByteBuffer bytes = bytes(count);
        JCudaDriver.cuMemcpyDtoH(Pointer.to(bytes), memory, bytes.capacity());
        return bytes;
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
    }
}
