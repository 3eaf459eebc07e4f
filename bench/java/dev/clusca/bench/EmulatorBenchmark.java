package dev.clusca.bench;

import dev.clusca.emulator.Emulator;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.emulator.Parameters;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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

/** Lane-instructions (and mma.sync) a second of the PTX emulator with every detector on. Run it on an idle machine; {@code threads=2} is what the goal of 800 million is for. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class EmulatorBenchmark {
    private static final int N = 256;
    private static final int TAYLOR = 1 << 18;

    @Param({"1", "2"})
    public int threads;

    private Emulator emulator = Emulator.create(1, EmulatorOptions.DEFAULT);
    private Ptx module = Ptx.parse(text());
    private long a;
    private long b;
    private long c;

    /** What a launch executed; JMH divides it by the time. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Executed {
        public long laneInstructions;
        public long tensorInstructions;

        void add(LaunchReport report) {
            laneInstructions += report.orThrow().total().lanes();
            tensorInstructions += report.classes().getOrDefault(InstructionClass.TENSOR, 0L);
        }
    }

    /** Fills the operands. */
    @Setup
    public void prepare() {
        emulator = Emulator.create(1, EmulatorOptions.DEFAULT.withThreads(threads));
        module = Ptx.parse(text());
        a = upload("a");
        b = upload("b");
        c = upload("c");
    }

    private long upload(String label) {
        float[] values = new float[4 * TAYLOR];
        for (int k = 0; k < values.length; k++) {
            values[k] = k % 17;
        }
        long address = emulator.allocate(4L * values.length, label);
        emulator.write(address, MemorySegment.ofArray(values));
        return address;
    }

    private static String text() {
        try (InputStream in = Objects.requireNonNull(EmulatorBenchmark.class.getResourceAsStream("emulator.ptx"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read emulator.ptx", e);
        }
    }

    @Benchmark
    public void arithmetic(Executed executed) {
        executed.add(emulator.launch(
                module,
                "arithmetic",
                Dim3.of(16),
                Dim3.of(256),
                0,
                new Parameters().pointer(c).i32(300)));
    }

    @Benchmark
    public void tiledProduct(Executed executed) {
        executed.add(emulator.launch(
                module,
                "sgemm",
                Dim3.of(N / 32, N / 32),
                Dim3.of(256),
                0,
                new Parameters().pointer(a).pointer(b).pointer(c).i32(N).i32(N)));
    }

    @Benchmark
    public void taylor(Executed executed) {
        Parameters parameters = new Parameters()
                .pointer(a)
                .pointer(b)
                .pointer(a)
                .pointer(b)
                .pointer(c)
                .f32(0.3f)
                .i32(TAYLOR);
        executed.add(emulator.launch(module, "taylor", Dim3.of(64), Dim3.of(256), 0, parameters));
    }

    @Benchmark
    public void tensorCore(Executed executed) {
        executed.add(emulator.launch(
                module,
                "mma_loop",
                Dim3.of(32),
                Dim3.of(32),
                0,
                new Parameters().pointer(c).i32(500)));
    }
}
