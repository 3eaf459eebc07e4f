package dev.clusca.bench;

import dev.clusca.backend.cuda.driver.CudaDriver;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The launch of {@link LaunchBenchmark} as JCuda's samples write it, with a {@code Pointer} to an array for each argument: what clusca's launches are held against. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class UsualLaunchBenchmark {
    private final CUfunction function = new CUfunction();
    private final CUstream stream = new CUstream();
    private final CUdeviceptr x = new CUdeviceptr();
    private final CUdeviceptr w = new CUdeviceptr();
    private final CUdeviceptr b = new CUdeviceptr();
    private final CUdeviceptr y = new CUdeviceptr();
    private int n;

    @Setup
    public void open() {
        CudaDriver driver = StubDriver.open("jcuda");
        driver.contextPush(driver.primaryContextRetain(0));
        JCudaDriver.setExceptionsEnabled(true);
        CUmodule module = new CUmodule();
        try (Arena arena = Arena.ofConfined()) {
            JCudaDriver.cuModuleLoadDataEx(
                    module,
                    Pointer.to(arena.allocateFrom(LaunchBenchmark.EIGHT.text()).asByteBuffer()),
                    0,
                    null,
                    null);
        }
        JCudaDriver.cuModuleGetFunction(function, module, "eight");
        JCudaDriver.cuStreamCreate(stream, 0);
    }

    /** Arguments and launch. */
    @Benchmark
    public void launch() {
        Pointer arguments = Pointer.to(
                Pointer.to(x),
                Pointer.to(w),
                Pointer.to(b),
                Pointer.to(y),
                Pointer.to(new int[] {n++}),
                Pointer.to(new int[] {1152}),
                Pointer.to(new int[] {2}),
                Pointer.to(new float[] {1e-6f}));
        JCudaDriver.cuLaunchKernel(function, 64, 2, 1, 256, 1, 1, 0, stream, arguments, null);
    }
}
