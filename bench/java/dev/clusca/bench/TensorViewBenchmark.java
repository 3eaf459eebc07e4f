package dev.clusca.bench;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a view of a tensor costs: the objects that a step makes before it is captured, and a program at any time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class TensorViewBenchmark {
    private static final Shape SHAPE = Shape.of(28, 3, 2, 256, 1152);

    private final Tensor ladders = Tensor.wrap(1 << 20, DType.F32, SHAPE);
    private final Shape flat = Shape.of(28 * 3, 512, 1152);
    private long layer;

    /** A layer's ladder. */
    @Benchmark
    public Tensor slice() {
        return ladders.slice(next());
    }

    /** A few layers' ladders. */
    @Benchmark
    public Tensor rows() {
        return ladders.rows(next(), 4);
    }

    @Benchmark
    public Tensor reshape() {
        return ladders.reshape(flat);
    }

    /** An address, as a program gives that owns its memory. */
    @Benchmark
    public Tensor wrap() {
        return Tensor.wrap(next() << 20, DType.F32, SHAPE);
    }

    /** Where a plane of a layer begins, which is all that a launch takes of the views. */
    @Benchmark
    public long addressOfAPlane() {
        return ladders.slice(next()).slice(1).address();
    }

    private long next() {
        layer = layer == 23 ? 0 : layer + 1;
        return layer;
    }
}
