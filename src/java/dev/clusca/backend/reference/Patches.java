package dev.clusca.backend.reference;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Images to tokens and back. */
final class Patches {
    private Patches() {}

    static void embed(
            Workers workers,
            Tensor images,
            Tensor weight,
            Tensor bias,
            @Nullable Tensor positions,
            int patch,
            Tensor x) {
        Shape image = images.shape();
        int count = image.size(0);
        int channels = image.size(1);
        int height = image.size(2);
        int width = image.size(3);
        int tokens = x.shape().size(1);
        int features = x.shape().size(2);
        int inputs = channels * patch * patch;
        Floats pixel = new Floats(images);
        Floats out = new Floats(x);
        double[] w = new Floats(weight).read(0, features * inputs);
        double[] b = new Floats(bias).read(0, features);
        Floats position = positions == null ? null : new Floats(positions);
        workers.each(x.shape().size(0) * tokens, token -> {
            int r = token / tokens;
            int n = token % tokens;
            int top = n / (width / patch) * patch;
            int left = n % (width / patch) * patch;
            double[] in = new double[inputs];
            for (int c = 0, i = 0; c < channels; c++) {
                for (int dy = 0; dy < patch; dy++) {
                    for (int dx = 0; dx < patch; dx++, i++) {
                        in[i] = pixel.get((((long) (r % count) * channels + c) * height + top + dy) * width
                                + left
                                + dx);
                    }
                }
            }
            for (int f = 0; f < features; f++) {
                double sum = b[f] + (position == null ? 0 : position.get((long) n * features + f));
                for (int i = 0; i < inputs; i++) {
                    sum += w[f * inputs + i] * in[i];
                }
                out.set((long) token * features + f, sum);
            }
        });
    }

    static void unpatchify(Tensor tokens, int patch, Tensor images) {
        Shape image = images.shape();
        int channels = image.size(1);
        int height = image.size(2);
        int width = image.size(3);
        Floats from = new Floats(tokens);
        Floats to = new Floats(images);
        long at = 0;
        for (long r = 0; r < image.dim(0); r++) {
            for (int c = 0; c < channels; c++) {
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++, at++) {
                        long token = (r * (height / patch) + y / patch) * (width / patch) + x / patch;
                        to.set(at, from.get(((token * patch + y % patch) * patch + x % patch) * channels + c));
                    }
                }
            }
        }
    }
}
