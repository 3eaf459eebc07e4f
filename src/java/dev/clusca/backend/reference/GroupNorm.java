package dev.clusca.backend.reference;

import dev.clusca.backend.Activation;
import dev.clusca.tensor.Tensor;

/** Normalisation over the pixels of an image and the channels of a group, followed by an activation. */
final class GroupNorm {
    private GroupNorm() {}

    static void run(
            Workers workers,
            Tensor x,
            int groups,
            Tensor weight,
            Tensor bias,
            float epsilon,
            Activation activation,
            Tensor out) {
        int channels = x.shape().size(3);
        int width = channels / groups;
        int pixels = x.shape().size(1) * x.shape().size(2);
        Floats from = new Floats(x);
        Floats weights = new Floats(weight);
        Floats biases = new Floats(bias);
        Floats to = new Floats(out);
        workers.each(x.shape().size(0) * groups, i -> {
            long first = (long) (i / groups) * pixels * channels + (long) (i % groups) * width;
            double mean = 0;
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < width; c++) {
                    mean += from.get(first + (long) p * channels + c);
                }
            }
            mean /= (double) pixels * width;
            double variance = 0;
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < width; c++) {
                    double distance = from.get(first + (long) p * channels + c) - mean;
                    variance += distance * distance;
                }
            }
            variance /= (double) pixels * width;
            double deviation = Math.sqrt(variance + epsilon);
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < width; c++) {
                    long at = first + (long) p * channels + c;
                    int channel = i % groups * width + c;
                    double v = (from.get(at) - mean) / deviation * weights.get(channel) + biases.get(channel);
                    to.set(at, activation == Activation.SILU ? Gemm.silu(v) : v);
                }
            }
        });
    }
}
