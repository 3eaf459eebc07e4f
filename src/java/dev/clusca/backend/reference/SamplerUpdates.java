package dev.clusca.backend.reference;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What a sampler does with a model's output. */
final class SamplerUpdates {
    private SamplerUpdates() {}

    static void guidance(Tensor output, float scale, int channels) {
        long image = output.shape().inner().elements();
        long images = output.shape().dim(0) / 2;
        long guided = image / output.shape().dim(1) * channels;
        Floats e = new Floats(output);
        for (long b = 0; b < images; b++) {
            for (long i = 0; i < guided; i++) {
                double conditional = e.get(b * image + i);
                double unconditional = e.get((images + b) * image + i);
                double guidedNoise = unconditional + scale * (conditional - unconditional);
                e.set(b * image + i, guidedNoise);
                e.set((images + b) * image + i, guidedNoise);
            }
        }
    }

    static void ddim(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        Step step = Step.of(steps);
        double toStart = step.get(Column.SAMPLE_TO_START);
        double noiseToStart = step.get(Column.NOISE_TO_START);
        double startWeight = step.get(Column.START_WEIGHT);
        double epsWeight = step.get(Column.SECOND_WEIGHT);
        double noiseWeight = step.get(Column.NOISE_WEIGHT);
        if (noiseWeight != 0 && noise == null) {
            throw new IllegalStateException("the step table says NOISE_WEIGHT = " + noiseWeight + " at its row "
                    + step.index() + ", but there is no noise tensor");
        }
        Floats sample = new Floats(x);
        Floats eps = new Floats(output);
        Floats added = noiseWeight == 0 || noise == null ? null : new Floats(noise);
        forEach(x.shape(), output.shape(), (i, at) -> {
            double now = sample.get(i);
            double start = start(toStart * now - noiseToStart * eps.get(at), clip);
            double direction = (toStart * now - start) / noiseToStart;
            double next = startWeight * start + epsWeight * direction;
            sample.set(i, added == null ? next : next + noiseWeight * added.get(i));
        });
    }

    static void ddpm(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        Step step = Step.of(steps);
        double toStart = step.get(Column.SAMPLE_TO_START);
        double noiseToStart = step.get(Column.NOISE_TO_START);
        double startWeight = step.get(Column.START_WEIGHT);
        double sampleWeight = step.get(Column.SECOND_WEIGHT);
        double noiseWeight = step.get(Column.NOISE_WEIGHT);
        double smallest = step.get(Column.LOG_VARIANCE_MIN);
        double largest = step.get(Column.LOG_VARIANCE_MAX);
        long image = x.shape().inner().elements();
        Floats sample = new Floats(x);
        Floats prediction = new Floats(output);
        Floats added = new Floats(noise);
        forEach(x.shape(), output.shape(), (i, at) -> {
            double now = sample.get(i);
            double start = start(toStart * now - noiseToStart * prediction.get(at), clip);
            double next = startWeight * start + sampleWeight * now;
            if (noiseWeight != 0) {
                double v = prediction.get(at + image);
                double logVariance = (v + 1) / 2 * largest + (1 - v) / 2 * smallest;
                next += noiseWeight * Math.exp(logVariance / 2) * added.get(i);
            }
            sample.set(i, next);
        });
    }

    /** The predicted clean image, limited if asked to; a NaN stays. */
    private static double start(double value, boolean clip) {
        return clip ? Math.max(-1, Math.min(1, value)) : value;
    }

    private interface Element {
        void update(long sample, long output);
    }

    /** Every element of the samples {@code [B, channels, h, w]} with the first channels' element of the output {@code [R, c, h, w]}. */
    private static void forEach(Shape samples, Shape outputs, Element element) {
        long image = samples.inner().elements();
        for (long b = 0; b < samples.dim(0); b++) {
            for (long i = 0; i < image; i++) {
                element.update(b * image + i, b * outputs.inner().elements() + i);
            }
        }
    }
}
