package dev.clusca.backend.reference;

import dev.clusca.tensor.Tensor;

/** What a model is told besides the image: the timestep and the class. */
final class Conditions {
    private static final float LN_PERIOD = (float) -Math.log(10_000);

    private Conditions() {}

    static void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        int half = out.shape().size(1) / 2;
        Floats time = new Floats(timesteps);
        Floats features = new Floats(out);
        for (long s = 0; s < timesteps.shape().elements(); s++) {
            for (int i = 0; i < half; i++) {
                float exponent = LN_PERIOD * i / (half - shift);
                float frequency = (float) Math.exp(exponent);
                float angle = time.getFloat(s) * frequency;
                features.set(s * 2 * half + i, Math.cos(angle));
                features.set(s * 2 * half + half + i, Math.sin(angle));
            }
        }
    }

    static void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        int width = time.shape().size(1);
        int count = labels.shape().size(0);
        int classes = table.shape().size(0);
        Floats times = new Floats(time);
        Floats embeddings = new Floats(table);
        Ints label = new Ints(labels);
        Floats result = new Floats(out);
        for (long s = 0; s < time.shape().dim(0); s++) {
            for (int d = 0; d < count; d++) {
                long l = label.get(d);
                for (int c = 0; c < width; c++) {
                    double embedding = l < 0 || l >= classes ? Double.NaN : embeddings.get(l * width + c);
                    result.set((s * count + d) * width + c, Gemm.silu(times.get(s * width + c) + embedding));
                }
            }
        }
    }
}
