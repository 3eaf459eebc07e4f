package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.backend.cpu.Twins.Twin;
import dev.clusca.backend.cpu.Twins.TwinLinear;
import dev.clusca.backend.cpu.Twins.TwinModulation;
import dev.clusca.backend.cpu.Twins.TwinSteps;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.DType;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Results of the cpu backend do not depend on the number of threads, and those of its own kernels not on the level of the instruction set, unless it multiplies bfloat16 as it is. */
class SameBitsTest {
    /** So that products are cut into groups of every width. */
    private static final int[] THREADS = {2, 6, 8, 12, 14};

    private final CpuLevel chosen = CpuLevel.current().orElseThrow();

    @AfterEach
    void restore() {
        chosen.select();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void whateverTheNumberOfThreads(DType dtype) {
        List<ByteBuffer> alone = all(dtype, 1);
        for (int threads : THREADS) {
            assertThat(all(dtype, threads)).as("%d threads", threads).isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void whateverTheLevel(DType dtype) {
        List<List<ByteBuffer>> results = new ArrayList<>();
        for (CpuLevel level : CpuLevel.available()) {
            level.select();
            try (Twins twins = new Twins(2)) {
                results.add(kernels(twins, dtype));
            }
        }
        assertSame(results);
    }

    /** But for those of bfloat16 where the level multiplies it as it is. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void ofProductsWhateverTheLevel(DType dtype) {
        List<List<ByteBuffer>> results = new ArrayList<>();
        for (CpuLevel level : CpuLevel.available()) {
            boolean widened = level.compareTo(CpuLevel.V4_BF16) < 0;
            if (dtype == DType.F32 || widened) {
                level.select();
                try (Twins twins = new Twins(2)) {
                    results.add(products(twins, dtype));
                }
            }
        }
        assertSame(results);
    }

    private static void assertSame(List<List<ByteBuffer>> results) {
        for (List<ByteBuffer> result : results) {
            assertThat(result).isEqualTo(results.getFirst());
        }
    }

    private static List<ByteBuffer> all(DType dtype, int threads) {
        try (Twins twins = new Twins(threads)) {
            List<ByteBuffer> results = kernels(twins, dtype);
            results.addAll(products(twins, dtype));
            return results;
        }
    }

    /** Large enough to be shared out to threads. */
    private static List<ByteBuffer> kernels(Twins twins, DType dtype) {
        TwinSteps steps = twins.step(Map.of(
                Column.TERMS,
                2.0,
                Column.FACTOR_0,
                1.0,
                Column.FACTOR_1,
                -2.0,
                Column.LADDER_TERMS,
                3.0,
                Column.LADDER_DIVISOR,
                -3.0));
        TwinModulation modulation = twins.modulation(DType.F32, 2, 384, steps);
        Twin x = twins.random(dtype, 2, 200, 384);
        Twin ladder = twins.random(dtype, 3, 2, 200, 384);
        Twin normalized = twins.poison(dtype, 2, 200, 384);
        Twin centroids = twins.random(DType.F32, 2, 16, 384);
        Twin labels = twins.poison(DType.I32, 2, 200);
        Twin iterations = twins.poison(DType.I32, 2);
        Twin time = twins.random(dtype, 200, 384);
        Twin conditions = twins.poison(dtype, 200, 2, 384);
        Twin classes = twins.of(DType.I32, new long[] {2}, 0, 7);
        Twin qkv = twins.random(dtype, 2, 200, 6L * 72);
        Twin scale = twins.random(DType.F32, 72);
        Twin rotations = twins.random(DType.F32, 200, 36, 2);
        twins.run(s -> {
            s.ops().qkNormRope(s.of(qkv), 2, s.of(scale), s.of(scale), 1e-6f, s.of(rotations));
            s.ops().layerNormModulate(s.of(x), s.of(modulation), 0, 1, 1e-6f, s.of(normalized));
            s.ops().ladderUpdate(s.of(normalized), s.of(ladder), s.of(steps));
            s.ops().forecastResidual(s.of(ladder), s.of(modulation), 2, s.of(x));
            s.ops()
                    .kMeans(
                            s.of(x),
                            new KMeansOptions(3, 1e-4f, 1e-8f, false),
                            s.of(centroids),
                            s.of(labels),
                            s.of(iterations));
            s.ops().conditioning(s.of(time), s.of(time), s.of(classes), s.of(conditions));
        });
        return bytes(qkv, x, ladder, normalized, centroids, labels, conditions);
    }

    private static List<ByteBuffer> products(Twins twins, DType dtype) {
        TwinModulation modulation = twins.modulation(DType.F32, 1, 384, twins.step(Map.of()));
        TwinLinear wide = twins.linear(384, 1536, true, DType.F32, dtype);
        TwinLinear narrow = twins.linear(1536, 384, true, DType.F32, dtype);
        Twin a = twins.random(dtype, 1, 32, 384);
        Twin hidden = twins.poison(dtype, 1, 32, 1536);
        Twin x = twins.random(dtype, 1, 32, 384);
        Twin qkv = twins.random(dtype, 1, 128, 1152);
        Twin out = twins.poison(dtype, 1, 128, 384);
        twins.run(s -> {
            s.ops().gemm(s.of(a), s.of(wide), Activation.GELU_TANH, s.of(hidden));
            s.ops().gemmResidual(s.of(hidden), s.of(narrow), s.of(modulation), 0, null, s.of(x));
            s.ops().attention(s.of(qkv), 6, s.of(out));
        });
        return bytes(hidden, x, out);
    }

    private static List<ByteBuffer> bytes(Twin... twins) {
        List<ByteBuffer> bytes = new ArrayList<>();
        for (Twin twin : twins) {
            // A copy: the tensors' arena closes before results are compared.
            bytes.add(ByteBuffer.wrap(twin.cpu().memory().toArray(ValueLayout.JAVA_BYTE)));
        }
        return bytes;
    }
}
