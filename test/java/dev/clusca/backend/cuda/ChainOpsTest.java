package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpCases;
import dev.clusca.cases.OpRun;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code cuda:chain}: one kernel where there is one, and then what the operations compute one by one. */
@Tag("emulated")
class ChainOpsTest {
    private static final int LAYERS = 3;
    private static final int TOKENS = 20;
    private static final int NONE = -1;

    private record Extents(int rows, int clusters, int width, int hidden, int layers) {}

    /** What one launch takes, and what it does not. */
    @ParameterizedTest
    @CsvSource({
        // rows, clusters, width, hidden, layers, dtype, whether one kernel takes it
        "2, 16, 64, 256, 3, BF16, true",
        "4, 16, 32, 128, 1, BF16, true",
        "1, 1, 1152, 64, 2, BF16, true",
        "2, 9, 40, 168, 2, BF16, true",
        "1, 2, 32, 96, 64, BF16, true",
        "1, 2, 32, 96, 65, BF16, false",
        "5, 13, 32, 64, 2, BF16, false",
        "2, 16, 52, 256, 2, BF16, false",
        "2, 16, 64, 252, 2, BF16, false",
        "2, 16, 64, 256, 2, F32, false",
        // no room for two steps of weights beside 64 rows
        "4, 16, 1152, 64, 1, BF16, false",
        // each block has one part of the second product, and there are 8 blocks for 9 parts
        "1, 2, 32, 288, 2, BF16, false",
    })
    void oneKernelTakesWhatItsSourceSays(
            int rows, int clusters, int width, int hidden, int layers, DType dtype, boolean taken) {
        Extents extents = new Extents(rows, clusters, width, hidden, layers);
        try (Chain chain = new Chain(CudaVariant.CHAIN, extents, dtype, DType.BF16, NONE)) {
            assertThat(chain.isTaken()).isEqualTo(taken);
            chain.run();
            assertThat(chain.kernels())
                    .allSatisfy(name -> assertThat(name.startsWith("chain")).isEqualTo(taken))
                    .hasSize(taken ? 1 : 3 * layers);
        }
    }

    /** Sums in one order: the second product is one part of k, or has a line of k for each part. */
    @ParameterizedTest
    @CsvSource({"2, 16, 32, 128", "1, 5, 64, 64", "2, 7, 96, 32", "2, 6, 24, 104", "4, 16, 32, 64"})
    void bitsAreThoseOfTheOperationsOneByOne(int rows, int clusters, int width, int hidden) {
        Extents extents = new Extents(rows, clusters, width, hidden, LAYERS);
        List<byte[]> expected;
        try (Chain chain = new Chain(null, extents, DType.BF16, DType.F32, NONE)) {
            assertThat(chain.isTaken()).isFalse();
            chain.run();
            expected = chain.results();
        }
        try (Chain chain = new Chain(CudaVariant.CHAIN, extents, DType.BF16, DType.F32, NONE)) {
            assertThat(chain.isTaken()).isTrue();
            chain.run();
            List<byte[]> found = chain.results();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found.get(i)).as("result %d", i).isEqualTo(expected.get(i));
            }
        }
    }

    /** Through each type of the caches, and twice: the second launch finds its flags as it needs them. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void aGraphComputesWhatTheOperationComputes(DType cache) {
        try (Chain chain = new Chain(CudaVariant.CHAIN, new Extents(2, 9, 64, 256, LAYERS), DType.BF16, cache, NONE)) {
            chain.run();
            chain.run();
            List<byte[]> eager = chain.results();
            chain.reset();
            try (Backend.Recording graph = chain.backend.record(chain::run)) {
                graph.replay();
                graph.replay();
            }
            List<byte[]> captured = chain.results();
            for (int i = 0; i < eager.size(); i++) {
                assertThat(captured.get(i)).as("result %d", i).isEqualTo(eager.get(i));
            }
        }
    }

    /**
     * Where sums have another order: rows of one to four bands, several parts of the second product, the last of them shorter or not, a block with more tiles than it multiplies at a time. Two
     * roundings to BF16 a layer then fall otherwise now and then.
     */
    @ParameterizedTest
    @CsvSource({
        "2, 20, 40, 136",
        "3, 11, 72, 200",
        "1, 9, 192, 768",
        "2, 16, 64, 256",
        "4, 16, 96, 600",
        "2, 8, 1152, 192"
    })
    void valuesAreThoseOfTheOperationsOneByOne(int rows, int clusters, int width, int hidden) {
        Extents extents = new Extents(rows, clusters, width, hidden, LAYERS);
        List<byte[]> expected;
        try (Chain chain = new Chain(null, extents, DType.BF16, DType.F32, NONE)) {
            chain.run();
            expected = chain.results();
        }
        try (Chain chain = new Chain(CudaVariant.CHAIN, extents, DType.BF16, DType.F32, NONE)) {
            assertThat(chain.isTaken()).isTrue();
            chain.run();
            List<byte[]> found = chain.results();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(distance(found.get(i), expected.get(i)))
                        .as("result %d", i)
                        .isLessThan(2e-3);
            }
        }
    }

    private static double distance(byte[] found, byte[] expected) {
        FloatBuffer a = ByteBuffer.wrap(found).order(ByteOrder.nativeOrder()).asFloatBuffer();
        FloatBuffer b = ByteBuffer.wrap(expected).order(ByteOrder.nativeOrder()).asFloatBuffer();
        double error = 0;
        double norm = 0;
        for (int i = 0; i < b.limit(); i++) {
            error += Math.pow((double) a.get(i) - b.get(i), 2);
            norm += Math.pow(b.get(i), 2);
        }
        return Math.sqrt(error / norm);
    }

    /** A tensor that begins elsewhere is left to the other kernels, which take it element by element. */
    @ParameterizedTest
    @CsvSource({"-1, true", "0, true", "1, false", "2, false", "3, false", "4, false", "5, false"})
    void aTensorThatBeginsWithinSixteenBytesIsLeftToOthers(int skewed, boolean taken) {
        Extents extents = new Extents(2, 4, 32, 64, LAYERS);
        try (Chain chain = new Chain(CudaVariant.CHAIN, extents, DType.BF16, DType.BF16, skewed)) {
            assertThat(chain.isTaken()).isEqualTo(taken);
            chain.run();
        }
    }

    @Test
    void aBenchmarkFindsItsOperation() {
        List<OpCase> cases = OpCases.all().stream()
                .filter(c -> ChainOps.OPERATIONS.contains(c.op()))
                .toList();
        assertThat(cases).isNotEmpty();
        try (CudaBackend backend = CudaBackend.open(CudaDrivers.open(), 0, CudaVariant.CHAIN);
                Arena arena = Arena.ofShared()) {
            OpCase first = cases.getFirst();
            OpRun run = OpRun.prepare(backend, arena, first, new OpRun.Inputs(first, 3), false);
            run.enqueue();
            try (Backend.Recording graph = backend.record(run::enqueue)) {
                assertThat(graph.kernels()).extracting(KernelUse::name).containsExactly("chain_bf16");
            }
        }
    }

    /** The MLPs of some layers and what a cached step has for them; equal numbers each time it is made. */
    private static final class Chain implements AutoCloseable {
        private final CudaBackend backend;
        private final Arena arena = Arena.ofShared();
        private final SplittableRandom random = new SplittableRandom(11);
        private final int skewed;
        private int made;
        private final MlpChain mlps;
        private final CachedLayers layers;
        private final PrefixState state;
        private final Tensor rows;
        private final Tensor normed;
        private final Tensor hidden;
        private final Tensor fresh;
        private final List<Tensor> changed;
        private final List<byte[]> before;

        /** @param skewed which of the tensors of floats begins within sixteen bytes: 0 and 1 are the ladders, 2 the modulations, then rows, U and S */
        Chain(@Nullable CudaVariant variant, Extents e, DType dtype, DType cache, int skewed) {
            backend = variant == null
                    ? CudaBackend.open(CudaDrivers.open(), 0)
                    : CudaBackend.open(CudaDrivers.open(), 0, variant);
            this.skewed = skewed;
            int few = e.rows * e.clusters;
            layers = new CachedLayers(
                    floats(cache, e.layers, 1, e.rows, TOKENS, e.width),
                    floats(cache, e.layers, 1, e.rows, TOKENS, e.width),
                    floats(cache, e.layers, 2, 2, 6, e.width),
                    ints(i -> i % 2, e.rows),
                    new Steps(backend, arena, 2).table(),
                    2,
                    5);
            Tensor retained = backend.allocate(arena, DType.F32, Shape.of(2, 2));
            backend.write(retained, MemorySegment.ofArray(new float[] {0.5f, 0.5f, 0.5f, 0.5f}));
            state = new PrefixState(
                    ints(i -> i % e.clusters, e.rows, TOKENS),
                    // Two layers after each other have the same representatives, and each has clusters without one.
                    ints(
                            i -> i % 7 == 4 ? -1 : (i % e.clusters * 3 + i / few / 2) % TOKENS,
                            e.layers,
                            e.rows,
                            e.clusters),
                    retained,
                    floats(DType.F32, e.layers, e.rows, e.clusters, e.width),
                    floats(DType.F32, e.layers, e.rows, e.clusters, e.width),
                    floats(DType.F32, e.rows, e.clusters, e.width),
                    0.1f);
            rows = floats(DType.F32, e.rows, e.clusters, e.width);
            normed = floats(dtype, e.rows, e.clusters, e.width);
            hidden = floats(dtype, e.rows, e.clusters, e.hidden);
            fresh = floats(DType.F32, e.rows, e.clusters, e.width);
            mlps = new MlpChain(
                    linears(e.layers, e.width, e.hidden, dtype),
                    linears(e.layers, e.hidden, e.width, dtype),
                    3,
                    4,
                    1e-6f);
            changed = List.of(layers.mlp(), state.rows(), state.propagated(), state.spread());
            before = results();
        }

        boolean isTaken() {
            return backend.hasPrefixChain(mlps, layers, state);
        }

        void run() {
            backend.ops().prefixChain(mlps, layers, state, rows, normed, hidden, fresh);
        }

        List<String> kernels() {
            try (Backend.Recording graph = backend.record(this::run)) {
                return graph.kernels().stream().map(KernelUse::name).toList();
            }
        }

        /** Everything as it was made. */
        void reset() {
            for (int i = 0; i < changed.size(); i++) {
                backend.write(changed.get(i), MemorySegment.ofArray(before.get(i)));
            }
        }

        /** What a chain changes, byte for byte. */
        List<byte[]> results() {
            return changed.stream()
                    .map(tensor -> {
                        byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
                        backend.read(tensor, MemorySegment.ofArray(bytes));
                        return bytes;
                    })
                    .toList();
        }

        private List<Linear> linears(int count, int inputs, int outputs, DType dtype) {
            return IntStream.range(0, count)
                    .mapToObj(layer -> {
                        Tensor weight = Tensor.of(
                                MemorySegment.ofArray(numbers(inputs * outputs, 1 / Math.sqrt(inputs))),
                                DType.F32,
                                Shape.of(outputs, inputs));
                        Tensor bias =
                                Tensor.of(MemorySegment.ofArray(numbers(outputs, 0.5)), DType.F32, Shape.of(outputs));
                        // A layer without a bias is one of the chain's, too.
                        return backend.linear(arena, weight, layer == 1 ? null : bias, dtype);
                    })
                    .toList();
        }

        private Tensor floats(DType dtype, long... extents) {
            Shape shape = Shape.of(extents);
            int count = Math.toIntExact(shape.elements());
            int skew = made++ == skewed ? 1 : 0;
            Tensor whole = backend.allocate(arena, dtype, Shape.of(skew + count));
            Tensor tensor = whole.rows(skew, count).reshape(shape);
            float[] values = numbers(count, 1);
            if (dtype == DType.F32) {
                backend.write(tensor, MemorySegment.ofArray(values));
            } else {
                short[] bits = new short[count];
                for (int i = 0; i < count; i++) {
                    bits[i] = Bf16.fromFloat(values[i]);
                }
                backend.write(tensor, MemorySegment.ofArray(bits));
            }
            return tensor;
        }

        private float[] numbers(int count, double scale) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) (scale * random.nextDouble(-2, 2));
            }
            return values;
        }

        private Tensor ints(IntUnaryOperator value, long... extents) {
            Shape shape = Shape.of(extents);
            Tensor tensor = backend.allocate(arena, DType.I32, shape);
            backend.write(
                    tensor,
                    MemorySegment.ofArray(IntStream.range(0, Math.toIntExact(shape.elements()))
                            .map(value)
                            .toArray()));
            return tensor;
        }

        @Override
        public void close() {
            backend.synchronize();
            arena.close();
            backend.close();
        }
    }
}
