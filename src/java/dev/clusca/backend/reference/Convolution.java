package dev.clusca.backend.reference;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Square convolutions of images with channels innermost, as products of patches and weights. */
final class Convolution {
    private Convolution() {}

    static void run(
            Workers workers, Tensor x, ReferenceLinear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        int outputs = layer.outputs();
        int pixels = Math.toIntExact(out.shape().elements() / outputs);
        Neighbours patches = new Neighbours(x, out.shape(), layer.inputs(), doubled);
        Floats added = residual == null ? null : new Floats(residual);
        Floats to = new Floats(out);
        Gemm.multiply(workers, pixels, patches::of, layer, (pixel, column, sums) -> {
            long at = (long) pixel * outputs + column;
            for (int n = 0; added != null && n < sums.length; n++) {
                sums[n] += added.get(at + n);
            }
            to.write(at, sums);
        });
    }

    /** What a filter sees at each pixel of the result: its inputs in the order row, column, channel. */
    private record Neighbours(Floats image, Shape input, Shape output, int inputs, boolean doubled) {
        Neighbours(Tensor x, Shape output, int inputs, boolean doubled) {
            this(new Floats(x), x.shape(), output, inputs, doubled);
        }

        double[][] of(int first, int count) {
            int channels = input.size(3);
            int size = inputs == channels ? 1 : 3;
            int height = output.size(1);
            int width = output.size(2);
            double[][] values = new double[count][inputs];
            for (int m = 0; m < count; m++) {
                int pixel = first + m;
                for (int tap = 0; tap < size * size; tap++) {
                    int y = pixel / width % height + tap / size - size / 2;
                    int x = pixel % width + tap % size - size / 2;
                    if (y >= 0 && y < height && x >= 0 && x < width) {
                        int scale = doubled ? 2 : 1;
                        long row = (long) pixel / width / height * input.dim(1) + y / scale;
                        long from = (row * input.dim(2) + x / scale) * channels;
                        image.read(from, values[m], tap * channels, channels);
                    }
                }
            }
            return values;
        }
    }
}
