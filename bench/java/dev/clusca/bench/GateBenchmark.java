package dev.clusca.bench;

import dev.clusca.bindings.NativeLibrary;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.onednn.OneDnn;
import java.util.concurrent.TimeUnit;
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

/** What a call into a native library costs, and what its gate adds: the price of asking before each call. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class GateBenchmark {
    private final NativeLibrary gate = OneDnnLibrary.gate();
    private int f32;

    /** Opens the gate, and makes sure that the call which is timed gives the right answer. */
    @Setup
    public void open() {
        gate.ensureAvailable();
        f32 = OneDnn.dnnl_f32();
        if (OneDnn.dnnl_data_type_size(f32) != Float.BYTES) {
            throw new IllegalStateException("dnnl_data_type_size(f32) is not 4");
        }
    }

    /** One trivial call. */
    @Benchmark
    public long downcall() {
        return OneDnn.dnnl_data_type_size(f32);
    }

    /** The same call, after asking the gate. */
    @Benchmark
    public long gatedDowncall() {
        gate.ensureAvailable();
        return OneDnn.dnnl_data_type_size(f32);
    }

    /** Looking up a symbol by name, as callers do once before an optional function. */
    @Benchmark
    public boolean symbolLookup() {
        return gate.has("dnnl_data_type_size");
    }
}
