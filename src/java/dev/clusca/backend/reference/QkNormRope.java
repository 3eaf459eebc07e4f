package dev.clusca.backend.reference;

import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** RMS normalisation of each head's query and key, followed by a rotation of their neighbouring channels. */
final class QkNormRope {
    private QkNormRope() {}

    static void run(
            Workers workers,
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        int tokens = qkv.shape().size(1);
        int width = qkv.shape().size(2) / 3;
        int d = width / heads;
        Floats packed = new Floats(qkv);
        double[] @Nullable [] scales = {read(queryScale), read(keyScale)};
        double[] angles = read(rotations);
        workers.each(qkv.shape().size(0) * tokens, token -> {
            for (int head = 0; head < 2 * heads; head++) {
                long at = 3L * token * width + (long) head * d;
                double[] v = packed.read(at, d);
                double[] scale = scales[head / heads];
                if (scale != null) {
                    normalise(v, epsilon, scale);
                }
                if (angles != null) {
                    rotate(v, angles, token % tokens * d);
                }
                packed.write(at, v);
            }
        });
    }

    private static double @Nullable [] read(@Nullable Tensor tensor) {
        return tensor == null
                ? null
                : new Floats(tensor).read(0, Math.toIntExact(tensor.shape().elements()));
    }

    private static void normalise(double[] v, float epsilon, double[] scale) {
        double squares = 0;
        for (double value : v) {
            squares += value * value;
        }
        double root = Math.sqrt(squares / v.length + epsilon);
        for (int c = 0; c < v.length; c++) {
            v[c] = v[c] / root * scale[c];
        }
    }

    /** @param from where the token's cosines and sines begin */
    private static void rotate(double[] v, double[] angles, int from) {
        for (int c = 0; c < v.length; c += 2) {
            double cosine = angles[from + c];
            double sine = angles[from + c + 1];
            double first = v[c];
            double second = v[c + 1];
            v[c] = cosine * first - sine * second;
            v[c + 1] = sine * first + cosine * second;
        }
    }
}
