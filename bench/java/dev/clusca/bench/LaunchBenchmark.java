package dev.clusca.bench;

import dev.clusca.backend.cuda.CudaContext;
import dev.clusca.backend.cuda.CudaGraph;
import dev.clusca.backend.cuda.CudaModule;
import dev.clusca.backend.cuda.CudaStream;
import dev.clusca.backend.cuda.Kernel;
import dev.clusca.backend.cuda.Ptx;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs the host to launch a kernel of eight arguments, and a graph of a hundred such, on a driver that does no more than read them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class LaunchBenchmark {
    private static final int GRAPH_KERNELS = 100;
    static final Ptx EIGHT = Ptx.of("eight.ptx", """
            .version 7.4
            .target sm_80
            .address_size 64
            .visible .entry eight(
                .param .u64 eight_param_0, .param .u64 eight_param_1, .param .u64 eight_param_2, .param .u64 eight_param_3,
                .param .u32 eight_param_4, .param .u32 eight_param_5, .param .u32 eight_param_6, .param .f32 eight_param_7
            )
            .maxntid 256, 1, 1
            {
                ret;
            }
            """);

    /** The provider. */
    @Param({"jcuda", "ffm"})
    public String provider = "";

    private CudaStream stream;
    private Kernel kernel;
    private CudaGraph graph;
    private int n;

    @Setup
    public void open() {
        CudaContext context = CudaContext.primary(StubDriver.open(provider), 0);
        // Kept current for all that this thread measures.
        context.enter();
        stream = context.stream();
        CudaModule module = context.load(EIGHT);
        kernel = module.kernel(
                "eight",
                "const f32* x",
                "const f32* w",
                "const f32* b",
                "f32* y",
                "s32 T",
                "s32 C",
                "s32 R",
                "f32 epsilon");
        graph = CudaGraph.capture(stream, () -> {
            for (int i = 0; i < GRAPH_KERNELS; i++) {
                launch();
            }
        });
    }

    /** A launch with the arguments of the one before. */
    @Benchmark
    public void launchAgain() {
        kernel.launch(stream, 64, 2, 1, 256, 1, 1, 0);
    }

    /** A launch with all eight arguments set anew. */
    @Benchmark
    public void launch() {
        kernel.arguments()
                .pointer(0x1000)
                .pointer(0x2000)
                .pointer(0x3000)
                .pointer(0x4000)
                .int32(n++)
                .int32(1152)
                .int32(2)
                .float32(1e-6f);
        kernel.launch(stream, 64, 2, 1, 256, 1, 1, 0);
    }

    /** One launch of a hundred kernels, whose arguments were captured. */
    @Benchmark
    public void graphOfAHundred() {
        graph.launch(stream);
    }
}
