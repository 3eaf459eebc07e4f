package dev.clusca.backend.reference;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;

/** Cached ClusCa steps in prefix order, with order 0 of the MLPs' ladders implicit: {@code T0 = a base + U[label]}. */
final class PrefixOrder {
    private final Step step;
    private final PrefixState state;
    private final double before;
    private final double share;
    private final double ratio;
    private final int tokens;
    private final int clusters;
    private final int width;
    private final Ints labels;
    private final Ints representatives;
    private final Floats propagated;

    PrefixOrder(StepTable steps, PrefixState state) {
        this.step = Step.of(steps);
        this.state = state;
        double[] retained = new Floats(state.retained()).read(2L * step.index(), 2);
        before = retained[0];
        share = retained[1];
        ratio = state.ratio();
        tokens = state.labels().shape().size(1);
        clusters = state.rows().shape().size(2);
        width = state.rows().shape().size(3);
        labels = new Ints(state.labels());
        representatives = new Ints(state.representatives());
        propagated = new Floats(state.propagated());
    }

    /** {@code base = a base + U[label]} where a changes to 1. */
    void materialise(CachedLayers layers) {
        if (before == share) {
            return;
        }
        long elements = (long) state.labels().shape().elements() * width;
        for (int layer = 0; layer < layers.mlp().shape().size(0); layer++) {
            Floats base = new Floats(layers.mlp().slice(layer).slice(0));
            for (long i = 0; i < elements; i++) {
                base.set(i, orderZero(before, base, layer, i));
            }
        }
    }

    /** {@code P_{l+1} = P_l + g_a A_l(d) + g_m (a' base_l + M_l(d))}, and the representatives' rows on the way. */
    void pass(Workers workers, CachedLayers layers, Tensor x) {
        int terms = step.terms(Column.TERMS, layers.mlp().slice(0));
        double[] factor = step.factors(terms);
        Floats stream = new Floats(x);
        Floats rows = new Floats(state.rows());
        int batchRows = x.shape().size(0);
        int depth = layers.mlp().shape().size(0);
        workers.each(batchRows, r -> {
            double[] p = stream.read((long) r * tokens * width, tokens * width);
            for (int layer = 0; layer < depth; layer++) {
                double[] attentionGate = Step.chunk(layers.modulation(layer), r, layers.attentionGate());
                double[] mlpGate = Step.chunk(layers.modulation(layer), r, layers.mlpGate());
                add(p, layers.attention().slice(layer), r, factor, 1, attentionGate);
                emit(p, rows, layer, r, batchRows);
                double[] mlpFactor = factor.clone();
                mlpFactor[0] = (1 - ratio) * share;
                add(p, layers.mlp().slice(layer), r, mlpFactor, share, mlpGate);
            }
            stream.write((long) r * tokens * width, p);
        });
    }

    /** {@code p += gate sum_i factor_i T_i}; without T_0 where {@code zeroth} is 0. */
    private void add(double[] p, Tensor ladder, int r, double[] factor, double zeroth, double[] gate) {
        Floats planes = new Floats(ladder);
        long plane = ladder.shape().inner().elements();
        for (int i = 0; i < p.length; i++) {
            double sum = 0;
            for (int order = zeroth == 0 ? 1 : 0; order < factor.length; order++) {
                sum += factor[order] * planes.get(order * plane + (long) r * p.length + i);
            }
            p[i] += gate[i % width] * sum;
        }
    }

    private void emit(double[] p, Floats rows, int layer, int r, int batchRows) {
        for (int k = 0; k < clusters; k++) {
            long row = ((long) layer * batchRows + r) * clusters + k;
            int n = representatives.get(row, "representative", -1, tokens - 1);
            double[] values = new double[width];
            if (n >= 0) {
                System.arraycopy(p, n * width, values, 0, width);
            }
            rows.write(row * width, values);
        }
    }

    static void gather(PrefixState state, int layer, Tensor out) {
        Floats rows = new Floats(state.rows());
        Floats spread = new Floats(state.spread());
        Floats result = new Floats(out);
        Ints representatives = new Ints(state.representatives());
        long each = state.spread().shape().elements();
        int width = state.rows().shape().size(3);
        for (long i = 0; i < each; i++) {
            int n = representatives.get((layer * each + i) / width);
            double value = rows.get(layer * each + i);
            if (layer > 0 && n >= 0) {
                value += spread.get(i) + corrections(state, rows, representatives, layer, i, n);
            }
            result.set(i, value);
        }
    }

    /** The corrections that token n has from the first layers; i is the element of its cluster's row. */
    private static double corrections(PrefixState state, Floats rows, Ints representatives, int layers, long i, int n) {
        long each = state.spread().shape().elements();
        int width = state.rows().shape().size(3);
        double sum = 0;
        for (int layer = 0; layer < layers; layer++) {
            if (representatives.get((layer * each + i) / width) == n) {
                sum += rows.get(layer * each + i);
            }
        }
        return sum;
    }

    void refresh(Tensor fresh, CachedLayers layers, int layer) {
        Floats outputs = new Floats(fresh);
        Floats base = new Floats(layers.mlp().slice(layer).slice(0));
        Floats spread = new Floats(state.spread());
        Floats rows = new Floats(state.rows());
        int batchRows = fresh.shape().size(0);
        for (int r = 0; r < batchRows; r++) {
            double[] gate = Step.chunk(layers.modulation(layer), r, layers.mlpGate());
            for (int k = 0; k < clusters; k++) {
                long row = (long) r * clusters + k;
                long all = (long) layer * batchRows * clusters + row;
                int n = representatives.get(all, "representative", -1, tokens - 1);
                for (int c = 0; n >= 0 && c < width; c++) {
                    double f = outputs.get(row * width + c);
                    double u = share == 1 ? 0 : propagated.get(all * width + c);
                    double old = u;
                    if (share != 0) {
                        long element = ((long) r * tokens + n) * width + c;
                        old += share * base.get(element);
                        base.set(element, (f - u) / share);
                    }
                    double next = (1 - ratio) * u + ratio * f;
                    propagated.set(all * width + c, next);
                    spread.set(row * width + c, (layer == 0 ? 0 : spread.get(row * width + c)) + gate[c] * next);
                    rows.set(all * width + c, gate[c] * (1 - ratio) * (f - old));
                }
            }
        }
    }

    static void close(PrefixState state, Tensor x) {
        Floats stream = new Floats(x);
        Floats rows = new Floats(state.rows());
        Floats spread = new Floats(state.spread());
        Ints labels = new Ints(state.labels());
        Ints representatives = new Ints(state.representatives());
        int depth = state.rows().shape().size(0);
        int clusters = state.rows().shape().size(2);
        int width = state.rows().shape().size(3);
        int tokens = state.labels().shape().size(1);
        for (long n = 0; n < state.labels().shape().elements(); n++) {
            long row = n / tokens * clusters + labels.get(n, "label", 0, clusters - 1);
            for (int c = 0; c < width; c++) {
                long i = row * width + c;
                double all = corrections(state, rows, representatives, depth, i, (int) (n % tokens));
                stream.set(n * width + c, stream.get(n * width + c) + spread.get(i) + all);
            }
        }
    }

    void update(Workers workers, Tensor feature, CachedLayers layers, int layer) {
        Tensor ladder = layers.mlp().slice(layer);
        Floats base = new Floats(ladder);
        TaylorLadder.update(workers, feature, ladder, layers.steps(), i -> orderZero(share, base, layer, i));
    }

    /** T0 of element i of a layer. */
    private double orderZero(double a, Floats base, int layer, long i) {
        if (a == 1) {
            return base.get(i);
        }
        long n = i / width;
        long batchRows = state.labels().shape().dim(0);
        long row = (layer * batchRows + n / tokens) * clusters + labels.get(n, "label", 0, clusters - 1);
        return (a == 0 ? 0 : a * base.get(i)) + propagated.get(row * width + i % width);
    }
}
