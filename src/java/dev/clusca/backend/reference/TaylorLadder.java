package dev.clusca.backend.reference;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;

/** The backward differences of a module's features, and the forecast from them. */
final class TaylorLadder {
    private TaylorLadder() {}

    /** What order 0 holds at an element. */
    interface OrderZero {
        double get(long index);
    }

    static void update(Workers workers, Tensor feature, Tensor ladder, StepTable steps) {
        update(workers, feature, ladder, steps, new Floats(ladder)::get);
    }

    /** @param old order 0 before the update */
    static void update(Workers workers, Tensor feature, Tensor ladder, StepTable steps, OrderZero old) {
        Step step = Step.of(steps);
        int terms = step.terms(Column.LADDER_TERMS, ladder);
        double divisor = step.get(Column.LADDER_DIVISOR);
        if (terms > 1 && feature.overlaps(ladder)) {
            throw new IllegalStateException("the feature is plane 0 of its own ladder while LADDER_TERMS is " + terms
                    + "; its difference from the previous feature needs memory of its own");
        }
        int rows = feature.shape().size(0);
        long plane = feature.shape().elements();
        Floats fresh = new Floats(feature);
        Floats planes = new Floats(ladder);
        workers.each(rows, r -> {
            for (long i = plane / rows * r; i < plane / rows * (r + 1); i++) {
                double next = fresh.get(i);
                for (int order = 0; order < terms; order++) {
                    double now = next;
                    if (order + 1 < terms) {
                        next = (now - (order == 0 ? old.get(i) : planes.get(order * plane + i))) / divisor;
                    }
                    planes.set(order * plane + i, now);
                }
            }
        });
    }

    static void forecast(Workers workers, Tensor ladder, Modulation modulation, int gateChunk, Tensor x) {
        Step step = Step.of(modulation.steps());
        int terms = step.terms(Column.TERMS, ladder);
        double[] factor = step.factors(terms);
        int width = x.shape().size(2);
        long plane = x.shape().elements();
        long row = plane / x.shape().dim(0);
        Floats planes = new Floats(ladder);
        Floats residual = new Floats(x);
        workers.each(x.shape().size(0), r -> {
            double[] gate = Step.chunk(modulation, r, gateChunk);
            for (long i = row * r; i < row * (r + 1); i++) {
                double sum = 0;
                for (int order = 0; order < terms; order++) {
                    sum += factor[order] * planes.get(order * plane + i);
                }
                residual.set(i, residual.get(i) + gate[(int) (i % width)] * sum);
            }
        });
    }

    /** The forecasts of all layers, one after the other. */
    static void forecastAll(Workers workers, CachedLayers layers, Tensor x) {
        for (int layer = 0; layer < layers.attention().shape().size(0); layer++) {
            Modulation modulation = layers.modulation(layer);
            forecast(workers, layers.attention().slice(layer), modulation, layers.attentionGate(), x);
            forecast(workers, layers.mlp().slice(layer), modulation, layers.mlpGate(), x);
        }
    }
}
