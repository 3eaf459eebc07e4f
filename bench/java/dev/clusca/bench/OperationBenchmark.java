package dev.clusca.bench;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.pipeline.profile.Peaks;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single operations of the cpu backend at the size of DiT-XL/2, one image with guidance: calls, gigabytes and GFLOP a second, and percent of what this machine reaches with a copy and a
 * product, measured in the same process. Memory that a model would find cold is cold here: weights and ladders of several layers take turns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "--enable-native-access=ALL-UNNAMED")
public class OperationBenchmark {
    private static final int ROWS = 2;
    private static final int TOKENS = 256;
    private static final int WIDTH = 1152;
    private static final int CLUSTERS = 16;
    private static final int PLANES = 3;
    /** Layers that take turns. */
    private static final int LAYERS = 8;

    @Param({"f32", "bf16"})
    public String dtype = "";

    private final Arena arena = Arena.ofShared();
    private final SplittableRandom random = new SplittableRandom(1);
    private Backend backend;
    private Ops ops;
    private DType type;
    private Peaks peaks;
    private final Linear[] fc1 = new Linear[LAYERS];
    private final Linear[] fc2 = new Linear[LAYERS];
    private Tensor x;
    private Tensor normed;
    private Tensor hidden;
    private Tensor qkv;
    private Tensor feature;
    private Tensor centroids;
    private Tensor labels;
    private Tensor iterations;
    private CachedLayers layers;
    private PrefixState state;
    private int turn;

    /** What an operation moved and computed; JMH divides it by the time. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Rates {
        public double gigabytes;
        public double percentOfCopy;
        public double gigaflops;
        public double percentOfProduct;

        void add(Peaks peaks, double bytes, double flops) {
            gigabytes += bytes * 1e-9;
            percentOfCopy += 100 * bytes / peaks.copyBytesPerSecond();
            gigaflops += flops * 1e-9;
            percentOfProduct += 100 * flops / peaks.flopsPerSecond();
        }
    }

    @Setup
    public void open() {
        backend = Backends.require("cpu", BackendOptions.DEFAULT);
        ops = backend.ops();
        type = DType.valueOf(dtype.toUpperCase(Locale.ROOT));
        peaks = Peaks.measure(backend, type);
        for (int layer = 0; layer < LAYERS; layer++) {
            fc1[layer] = backend.linear(arena, heap(4 * WIDTH, WIDTH), null, type);
            fc2[layer] = backend.linear(arena, heap(WIDTH, 4 * WIDTH), null, type);
        }
        x = tensor(DType.F32, ROWS, TOKENS, WIDTH);
        normed = tensor(type, ROWS, TOKENS, WIDTH);
        hidden = tensor(type, ROWS, TOKENS, 4 * WIDTH);
        qkv = tensor(type, ROWS, TOKENS, 3 * WIDTH);
        feature = tensor(DType.F32, ROWS, TOKENS, WIDTH);
        centroids = tensor(DType.F32, ROWS, CLUSTERS, WIDTH);
        labels = integers(i -> i % CLUSTERS, ROWS, TOKENS);
        iterations = integers(_ -> 0, ROWS);
        float[] row = new float[Column.COUNT];
        row[Column.TERMS.ordinal()] = PLANES;
        row[Column.LADDER_TERMS.ordinal()] = PLANES;
        row[Column.LADDER_DIVISOR.ordinal()] = -5;
        row[Column.FACTOR_0.ordinal()] = 1;
        row[Column.FACTOR_1.ordinal()] = -0.1f;
        row[Column.FACTOR_2.ordinal()] = 0.01f;
        StepTable steps = new StepTable(floats(row, 1, Column.COUNT), integers(_ -> 0, 1));
        layers = new CachedLayers(
                tensor(type, LAYERS, PLANES, ROWS, TOKENS, WIDTH),
                tensor(type, LAYERS, PLANES, ROWS, TOKENS, WIDTH),
                tensor(type, LAYERS, 1, 2, 6, WIDTH),
                integers(i -> i, ROWS),
                steps,
                2,
                5);
        state = new PrefixState(
                labels,
                integers(i -> i % CLUSTERS, LAYERS, ROWS, CLUSTERS),
                floats(new float[] {0.99f, 0.99f}, 1, 2),
                tensor(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                tensor(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                tensor(DType.F32, ROWS, CLUSTERS, WIDTH),
                0.005f);
        backend.synchronize();
    }

    @TearDown
    public void close() {
        backend.close();
        arena.close();
    }

    @Benchmark
    public void fc1OfAllTokens(Rates rates) {
        product(rates, normed, fc1[next()], Activation.GELU_TANH, hidden);
    }

    @Benchmark
    public void fc2OfAllTokens(Rates rates) {
        product(rates, hidden, fc2[next()], Activation.NONE, feature);
    }

    @Benchmark
    public void fc1OfRepresentatives(Rates rates) {
        product(rates, few(normed), fc1[next()], Activation.GELU_TANH, few(hidden));
    }

    @Benchmark
    public void fc2OfRepresentatives(Rates rates) {
        product(rates, few(hidden), fc2[next()], Activation.NONE, few(feature));
    }

    private void product(Rates rates, Tensor a, Linear layer, Activation activation, Tensor out) {
        ops.gemm(a, layer, activation, out);
        long weights = (long) layer.inputs() * layer.outputs() * type.bytes();
        double rows = (double) out.shape().elements() / layer.outputs();
        done(rates, a.bytes() + out.bytes() + weights, 2 * rows * layer.inputs() * layer.outputs());
    }

    @Benchmark
    public void attention(Rates rates) {
        ops.attention(qkv, 16, normed);
        done(rates, qkv.bytes() + normed.bytes(), 4.0 * ROWS * TOKENS * TOKENS * WIDTH);
    }

    @Benchmark
    public void layerNormModulate(Rates rates) {
        Modulation modulation = layers.modulation(next());
        ops.layerNormModulate(x, modulation, 0, 1, 1e-6f, normed);
        done(rates, x.bytes() + normed.bytes(), 8.0 * x.shape().elements());
    }

    @Benchmark
    public void ladderUpdate(Rates rates) {
        Tensor ladder = layers.attention().slice(next());
        ops.ladderUpdate(feature, ladder, layers.steps());
        done(
                rates,
                feature.bytes() + ladder.bytes() / PLANES * (2L * PLANES - 1),
                2.0 * (PLANES - 1) * feature.shape().elements());
    }

    @Benchmark
    public void prefixPass(Rates rates) {
        ops.prefixPass(layers, state, x);
        done(
                rates,
                2 * layers.mlp().bytes() + 2 * x.bytes() + state.rows().bytes(),
                4.0 * layers.mlp().shape().elements());
    }

    @Benchmark
    public void kMeansIteration(Rates rates) {
        ops.kMeans(x, new KMeansOptions(1, 1e-4f, 1e-8f, false), centroids, labels, iterations);
        done(
                rates,
                2 * x.bytes(),
                3.0 * x.shape().elements() * CLUSTERS + x.shape().elements());
    }

    @Benchmark
    public void propagate(Rates rates) {
        Tensor target = layers.mlp().slice(next()).slice(0);
        ops.propagate(state.spread(), state.representatives().slice(0), labels, 0.005f, target);
        done(
                rates,
                2 * target.bytes() + state.spread().bytes(),
                3.0 * target.shape().elements());
    }

    private void done(Rates rates, double bytes, double flops) {
        backend.synchronize();
        rates.add(peaks, bytes, flops);
    }

    private int next() {
        turn = (turn + 1) % LAYERS;
        return turn;
    }

    /** The first rows of a tensor, as many as representatives. */
    private static Tensor few(Tensor tensor) {
        long width = tensor.shape().dim(2);
        return tensor.reshape((long) ROWS * TOKENS, width)
                .rows(0, (long) ROWS * CLUSTERS)
                .reshape(ROWS, CLUSTERS, width);
    }

    private void fill(float[] values, float largest) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-largest, largest);
        }
    }

    private Tensor heap(int outputs, int inputs) {
        float[] values = new float[outputs * inputs];
        fill(values, 0.05f);
        return Tensor.of(MemorySegment.ofArray(values), DType.F32, Shape.of(outputs, inputs));
    }

    private Tensor tensor(DType as, long... extents) {
        Shape shape = Shape.of(extents);
        int count = Math.toIntExact(shape.elements());
        Tensor tensor = backend.allocate(arena, as, shape);
        if (as == DType.F32) {
            float[] values = new float[count];
            fill(values, 1);
            backend.write(tensor, MemorySegment.ofArray(values));
        } else {
            short[] values = new short[count];
            for (int i = 0; i < count; i++) {
                values[i] = Bf16.fromFloat((float) random.nextDouble(-1, 1));
            }
            backend.write(tensor, MemorySegment.ofArray(values));
        }
        return tensor;
    }

    private Tensor floats(float[] values, long... extents) {
        Tensor tensor = backend.allocate(arena, DType.F32, Shape.of(extents));
        backend.write(tensor, MemorySegment.ofArray(values));
        return tensor;
    }

    private Tensor integers(IntUnaryOperator value, long... extents) {
        Tensor tensor = backend.allocate(arena, DType.I32, Shape.of(extents));
        int[] values = new int[Math.toIntExact(tensor.shape().elements())];
        Arrays.setAll(values, value);
        backend.write(tensor, MemorySegment.ofArray(values));
        return tensor;
    }
}
