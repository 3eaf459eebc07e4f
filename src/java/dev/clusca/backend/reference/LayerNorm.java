package dev.clusca.backend.reference;

import dev.clusca.backend.Modulation;
import dev.clusca.tensor.Tensor;

/** Normalisation over the channels of a token, followed by an adaLN shift and scale. */
final class LayerNorm {
    private LayerNorm() {}

    static void run(
            Workers workers,
            Tensor x,
            Modulation modulation,
            int shiftChunk,
            int scaleChunk,
            float epsilon,
            Tensor out) {
        int tokens = x.shape().size(1);
        int width = x.shape().size(2);
        Floats from = new Floats(x);
        Floats to = new Floats(out);
        workers.each(x.shape().size(0), r -> {
            double[] shift = Step.chunk(modulation, r, shiftChunk);
            double[] scale = Step.chunk(modulation, r, scaleChunk);
            for (int t = 0; t < tokens; t++) {
                long at = ((long) r * tokens + t) * width;
                double[] v = from.read(at, width);
                double mean = 0;
                for (double value : v) {
                    mean += value;
                }
                mean /= width;
                double variance = 0;
                for (double value : v) {
                    variance += (value - mean) * (value - mean);
                }
                variance /= width;
                for (int c = 0; c < width; c++) {
                    v[c] = (v[c] - mean) / Math.sqrt(variance + epsilon) * (1 + scale[c]) + shift[c];
                }
                to.write(at, v);
            }
        });
    }
}
