package dev.clusca.backend.reference;

import dev.clusca.tensor.Tensor;
import java.util.stream.LongStream;

/** Moves of whole tokens by index: gather, scatter, propagate. */
final class TokenRows {
    private TokenRows() {}

    static void gather(Tensor x, Tensor index, Tensor rows) {
        int tokens = x.shape().size(1);
        int count = rows.shape().size(1);
        int width = rows.shape().size(2);
        Floats from = new Floats(x);
        Floats to = new Floats(rows);
        Ints indices = new Ints(index);
        for (long k = 0; k < index.shape().elements(); k++) {
            int n = indices.get(k, "index", -1, tokens - 1);
            double[] row = n < 0 ? new double[width] : from.read((k / count * tokens + n) * width, width);
            to.write(k * width, row);
        }
    }

    static void scatter(Tensor rows, Tensor index, Tensor target) {
        int tokens = target.shape().size(1);
        int count = rows.shape().size(1);
        int width = rows.shape().size(2);
        Floats from = new Floats(rows);
        Floats to = new Floats(target);
        Ints indices = new Ints(index);
        for (long k = 0; k < index.shape().elements(); k++) {
            int n = indices.get(k, "index", -1, tokens - 1);
            if (n >= 0) {
                to.write((k / count * tokens + n) * width, from.read(k * width, width));
            }
        }
    }

    static void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        int tokens = target.shape().size(1);
        int count = rows.shape().size(1);
        int width = rows.shape().size(2);
        Floats representative = new Floats(rows);
        Floats to = new Floats(target);
        Ints indices = new Ints(index);
        Ints label = new Ints(labels);
        for (long n = 0; n < labels.shape().elements(); n++) {
            long r = n / tokens;
            int cluster = label.get(n, "label", 0, count - 1);
            long[] its = LongStream.range(r * count, (r + 1) * count)
                    .filter(k -> {
                        int token = indices.get(k, "index", -1, tokens - 1);
                        return token >= 0 && label.get(r * tokens + token, "label", 0, count - 1) == cluster;
                    })
                    .toArray();
            for (int c = 0; c < width && its.length > 0; c++) {
                double sum = 0;
                for (long k : its) {
                    sum += representative.get(k * width + c);
                }
                to.set(n * width + c, ratio * sum + (1 - (double) ratio) * to.get(n * width + c));
            }
        }
    }
}
