package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The prefix order of cached steps, and of the full step after them, against the published order made of the reference's operations. */
class PrefixKernelTest {
    private static final int STEPS = 4;
    private static final int GATE_ATTENTION = 2;
    private static final int GATE_MLP = 0;

    /** Propagation ratios at both ends and one that makes T0 explicit in the fourth step; every number of terms; both paths. */
    @ParameterizedTest
    @CsvSource({
        "0, 1, 5, 16",
        "0.005, 2, 5, 16",
        "0.1, 3, 9, 33",
        "0.9, 4, 6, 40",
        "1, 5, 7, 8",
        "1, 3, 3, 31",
        "0.9, 1, 4, 3",
        "0.5, 2, 3, 257"
    })
    void followsThePublishedOrder(float ratio, int terms, int tokens, int width) {
        try (Run run = new Run(new Gpu(), DType.F32, DType.F32, ratio, terms, tokens, width)) {
            run.check(1e-5);
        }
    }

    @Test
    void everyType() {
        for (DType ladder : Types.FLOATS) {
            for (DType modulation : Types.FLOATS) {
                // A T0 in bf16 is rounded at other moments than the implicit one.
                try (Run run = new Run(new Gpu(), ladder, modulation, 0.1f, 3, 5, 24)) {
                    run.check(ladder == DType.BF16 ? 1e-2 : 1e-5);
                }
            }
        }
    }

    @Test
    void addressesNeedNoAlignment() {
        Gpu gpu = new Gpu();
        gpu.skew();
        try (Run run = new Run(gpu, DType.F32, DType.BF16, 0.1f, 2, 5, 16)) {
            run.check(1e-5);
        }
    }

    /** The same run twice: {@code mlp} with its order 0 explicit, as published, and {@code implicit}, as the kernels keep it. */
    private record Run(
            Gpu gpu,
            float ratio,
            int terms,
            int tokens,
            int width,
            Tensor table,
            Tensor conditions,
            Tensor rowsOfSteps,
            Tensor retained,
            Tensor labels,
            Tensor attention,
            Tensor mlp,
            Tensor implicit,
            Tensor propagated,
            Tensor spread,
            Tensor rows)
            implements AutoCloseable {
        static final int LAYERS = 3;
        static final int ROWS = 2;
        static final int CLUSTERS = 3;
        static final int PLANES = 5;

        Run(Gpu gpu, DType ladder, DType modulation, float ratio, int terms, int tokens, int width) {
            this(
                    gpu,
                    ratio,
                    terms,
                    tokens,
                    width,
                    gpu.host.random(modulation, LAYERS, STEPS + 1, 2, 3, width),
                    gpu.host.ints(1, 0),
                    steps(gpu, terms),
                    retained(gpu, ratio),
                    labels(gpu, tokens),
                    ladder(gpu, ladder, terms, tokens, width),
                    ladder(gpu, ladder, terms, tokens, width),
                    gpu.host.poison(ladder, LAYERS, PLANES, ROWS, tokens, width),
                    gpu.host.poison(DType.F32, LAYERS, ROWS, CLUSTERS, width),
                    gpu.host.poison(DType.F32, ROWS, CLUSTERS, width),
                    gpu.host.poison(DType.F32, LAYERS, ROWS, CLUSTERS, width));
            implicit.memory().copyFrom(mlp.memory());
        }

        void check(double tolerance) {
            for (int step = 0; step < STEPS; step++) {
                cachedStep(step, tolerance);
            }
            fullStep(tolerance);
        }

        private void cachedStep(int step, double tolerance) {
            StepTable steps = new StepTable(rowsOfSteps, gpu.host.ints(step));
            materialise(steps);
            if (retainedAt(step) == 0) {
                for (int layer = 0; layer < LAYERS; layer++) {
                    implicit.slice(layer).slice(0).memory().fill((byte) 0xff); // base may not be read
                }
            }
            Tensor representatives = representatives(step);
            Tensor published = gpu.host.random(DType.F32, ROWS, tokens, width);
            Tensor x = gpu.host.poison(DType.F32, ROWS, tokens, width);
            x.memory().copyFrom(published.memory());
            pass(steps, representatives, x);
            for (int layer = 0; layer < LAYERS; layer++) {
                Modulation m = new Modulation(table.slice(layer), conditions, steps);
                Tensor chosen = representatives.slice(layer);
                gpu.host.ops.forecastResidual(attention.slice(layer), m, GATE_ATTENTION, published);
                Tensor expected = gpu.host.poison(DType.F32, ROWS, CLUSTERS, width);
                gpu.host.ops.gatherRows(published, chosen, expected);
                assertClose(
                        "rows of layer " + layer + ", step " + step,
                        gather(representatives, layer),
                        expected,
                        tolerance);

                Tensor fresh = gpu.host.random(DType.F32, ROWS, CLUSTERS, width);
                Tensor orderZero = mlp.slice(layer).slice(0);
                gpu.host.ops.scatterRows(fresh, chosen, orderZero);
                gpu.host.ops.propagate(fresh, chosen, labels, ratio, orderZero);
                gpu.host.ops.forecastResidual(mlp.slice(layer), m, GATE_MLP, published);
                refresh(steps, representatives, layer, fresh);
            }
            gpu.launch(
                    "prefix_close",
                    Gpu.grid(1, ROWS),
                    rows,
                    representatives,
                    labels,
                    spread,
                    x,
                    LAYERS,
                    tokens,
                    CLUSTERS,
                    width);
            assertClose("x after step " + step, gpu.result(x), published, tolerance);
        }

        private void materialise(StepTable steps) {
            gpu.launch(
                    Types.entry("prefix_materialise", implicit),
                    Gpu.grid(1, ROWS, LAYERS),
                    implicit,
                    propagated,
                    labels,
                    steps.cursor(),
                    retained,
                    layerStride(),
                    tokens,
                    CLUSTERS,
                    width);
            gpu.keep(implicit);
        }

        private void pass(StepTable steps, Tensor representatives, Tensor x) {
            gpu.launch(
                    Types.entry("prefix_pass", attention, table),
                    Gpu.grid(1, ROWS),
                    attention,
                    implicit,
                    table,
                    conditions,
                    steps.rows(),
                    steps.cursor(),
                    retained,
                    labels,
                    representatives,
                    x,
                    rows,
                    layerStride(),
                    table.slice(0).shape().elements(),
                    PLANES,
                    LAYERS,
                    tokens,
                    width,
                    CLUSTERS,
                    2,
                    3,
                    GATE_ATTENTION,
                    GATE_MLP,
                    ratio);
            gpu.keep(x);
            gpu.keep(rows);
            assertThat(gpu.result(rows)).doesNotContain(Double.NaN);
        }

        private double[] gather(Tensor representatives, int layer) {
            Tensor out = gpu.host.poison(DType.F32, ROWS, CLUSTERS, width);
            gpu.launch("prefix_gather", Gpu.grid(1), rows, representatives, spread, out, layer, ROWS, CLUSTERS, width);
            return gpu.result(out);
        }

        private void refresh(StepTable steps, Tensor representatives, int layer, Tensor fresh) {
            // It lies in a larger tensor: the launch uploads a view of its own, and what it writes goes back through
            // it.
            Tensor base = implicit.slice(layer).slice(0);
            Tensor own = table.slice(layer);
            gpu.launch(
                    "prefix_refresh",
                    Gpu.grid(1),
                    fresh,
                    representatives,
                    own,
                    conditions,
                    steps.cursor(),
                    retained,
                    base,
                    propagated,
                    spread,
                    rows,
                    layer,
                    ROWS,
                    tokens,
                    CLUSTERS,
                    width,
                    2,
                    3,
                    GATE_MLP,
                    (own.dtype() == DType.BF16 ? 2 : 0) | (base.dtype() == DType.BF16 ? 16 : 0),
                    ratio);
            for (Tensor written : new Tensor[] {base, propagated, spread, rows}) {
                gpu.keep(written);
            }
        }

        private void fullStep(double tolerance) {
            StepTable steps = new StepTable(rowsOfSteps, gpu.host.ints(STEPS));
            for (int layer = 0; layer < LAYERS; layer++) {
                Tensor feature = gpu.host.random(DType.F32, ROWS, tokens, width);
                Tensor ladder = implicit.slice(layer);
                gpu.launch(
                        Types.entry("prefix_update", feature, ladder),
                        Gpu.grid(1, ROWS),
                        feature,
                        ladder,
                        propagated.slice(layer),
                        labels,
                        steps.rows(),
                        steps.cursor(),
                        retained,
                        PLANES,
                        tokens,
                        CLUSTERS,
                        width);
                gpu.host.ops.ladderUpdate(feature, mlp.slice(layer), steps);
                int planes = terms; // beyond the terms lies no number
                assertClose(
                        "ladder of layer " + layer,
                        Arrays.copyOf(gpu.result(ladder), planes * ROWS * tokens * width),
                        mlp.slice(layer).rows(0, planes),
                        tolerance);
            }
        }

        private void assertClose(String what, double[] found, Tensor expected, double tolerance) {
            double[] values = gpu.host.read(expected);
            assertThat(found).as(what).hasSameSizeAs(values);
            double error = 0;
            double norm = 0;
            for (int i = 0; i < values.length; i++) {
                error += (found[i] - values[i]) * (found[i] - values[i]);
                norm += values[i] * values[i];
            }
            assertThat(Math.sqrt(error))
                    .as("%s: relative L2 error", what)
                    .isLessThanOrEqualTo(tolerance * Math.sqrt(norm));
        }

        private long layerStride() {
            return implicit.slice(0).shape().elements();
        }

        private double retainedAt(int step) {
            return gpu.host.read(retained)[2 * step + 1];
        }

        /** A member of each cluster, another one in each layer and step where there are several; -1 for the empty cluster of the second row. */
        private Tensor representatives(int step) {
            int[] label = gpu.host.readInts(labels);
            int[] chosen = new int[LAYERS * ROWS * CLUSTERS];
            Arrays.fill(chosen, -1);
            for (int layer = 0; layer < LAYERS; layer++) {
                for (int n = 0; n < ROWS * tokens; n++) {
                    int at = (layer * ROWS + n / tokens) * CLUSTERS + label[n];
                    if (chosen[at] < 0 || (n * 7 + layer / 2 + step) % 3 == 0) {
                        chosen[at] = n % tokens;
                    }
                }
            }
            return gpu.host.ints(chosen).reshape(LAYERS, ROWS, CLUSTERS);
        }

        private static Tensor labels(Gpu gpu, int tokens) {
            int[] labels = new int[ROWS * tokens];
            for (int n = 0; n < tokens; n++) {
                labels[n] = n % CLUSTERS;
                labels[tokens + n] = n % 2 * 2;
            }
            return gpu.host.ints(labels).reshape(ROWS, tokens);
        }

        private static Tensor ladder(Gpu gpu, DType type, int terms, int tokens, int width) {
            Tensor ladder = gpu.host.random(type, LAYERS, PLANES, ROWS, tokens, width);
            for (int layer = 0; layer < LAYERS; layer++) {
                for (int plane = terms; plane < PLANES; plane++) {
                    ladder.slice(layer).slice(plane).memory().fill((byte) 0xff);
                }
            }
            return ladder;
        }

        /** Cached steps at distances -1, -2, .., then a full one. */
        private static Tensor steps(Gpu gpu, int terms) {
            double[] rows = new double[(STEPS + 1) * Column.COUNT];
            Arrays.fill(rows, Double.NaN);
            for (int step = 0; step <= STEPS; step++) {
                double factor = 1;
                rows[step * Column.COUNT + Column.TERMS.ordinal()] = terms;
                rows[step * Column.COUNT + Column.LADDER_TERMS.ordinal()] = terms;
                rows[step * Column.COUNT + Column.LADDER_DIVISOR.ordinal()] = -(STEPS + 1);
                for (int i = 0; i < terms; i++) {
                    rows[step * Column.COUNT + Column.FACTOR_0.ordinal() + i] = factor;
                    factor *= -(step + 1.0) / (i + 1);
                }
            }
            return gpu.host.of(DType.F32, new long[] {STEPS + 1, Column.COUNT}, rows);
        }

        /** T0 is made explicit in the step whose share of base would fall below 2^-10, unless it falls to nothing. */
        private static Tensor retained(Gpu gpu, float ratio) {
            double[] shares = new double[2 * (STEPS + 1)];
            double share = 1;
            for (int step = 0; step <= STEPS; step++) {
                double next = (1 - (double) ratio) * share;
                shares[2 * step] = share;
                shares[2 * step + 1] = step < STEPS && next > 0 && next < 0x1p-10 ? 1 : share;
                share = (1 - (double) ratio) * shares[2 * step + 1];
            }
            return gpu.host.of(DType.F32, new long[] {STEPS + 1, 2}, shares);
        }

        @Override
        public void close() {
            gpu.close();
        }
    }
}
