package dev.clusca.backend.reference;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Modulation;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Linear layers and what follows them. */
final class Gemm {
    /** Rows and columns that one task computes: the sums and four rows of weights stay in the caches. */
    private static final int TILE_ROWS = 32;

    private static final int TILE_COLUMNS = 256;

    private Gemm() {}

    static void gemm(Workers workers, Tensor a, ReferenceLinear layer, Activation activation, Tensor out) {
        int outputs = layer.outputs();
        Floats to = new Floats(out);
        multiply(workers, a, layer, (row, column, sums) -> {
            for (int i = 0; i < sums.length; i++) {
                sums[i] = activate(activation, sums[i]);
            }
            to.write((long) row * outputs + column, sums);
        });
    }

    static void gemmResidual(
            Workers workers,
            Tensor a,
            ReferenceLinear layer,
            Modulation modulation,
            int gateChunk,
            @Nullable Tensor feature,
            Tensor x) {
        int outputs = layer.outputs();
        int tokens = x.shape().size(1);
        double[][] gate = new double[x.shape().size(0)][];
        for (int r = 0; r < gate.length; r++) {
            gate[r] = Step.chunk(modulation, r, gateChunk);
        }
        Floats stored = feature == null ? null : new Floats(feature);
        Floats residual = new Floats(x);
        multiply(workers, a, layer, (row, column, sums) -> {
            long at = (long) row * outputs + column;
            if (stored != null) {
                stored.write(at, sums);
            }
            for (int i = 0; i < sums.length; i++) {
                double gated = gate[row / tokens][column + i] * sums[i];
                residual.set(at + i, residual.get(at + i) + gated);
            }
        });
    }

    /** The rows that a layer multiplies. */
    interface Rows {
        /** Rows {@code first .. first + count - 1}. */
        double[][] read(int first, int count);
    }

    /** What happens to finished sums of one row, from {@code column} on. */
    interface Sums {
        void take(int row, int column, double[] sums);
    }

    private static void multiply(Workers workers, Tensor a, ReferenceLinear layer, Sums sink) {
        int inputs = layer.inputs();
        Floats from = new Floats(a);
        multiply(
                workers,
                Math.toIntExact(a.shape().elements() / inputs),
                (first, count) -> from.readRows((long) first * inputs, count, inputs),
                layer,
                sink);
    }

    /** The sums of {@code rows} rows, bias included. */
    static void multiply(Workers workers, int rows, Rows from, ReferenceLinear layer, Sums sink) {
        int inputs = layer.inputs();
        int outputs = layer.outputs();
        int across = Math.ceilDiv(outputs, TILE_COLUMNS);
        Floats weight = new Floats(layer.weight());
        Floats bias = layer.bias() == null ? null : new Floats(layer.bias());
        workers.each(Math.ceilDiv(rows, TILE_ROWS) * across, tile -> {
            int row = tile / across * TILE_ROWS;
            int column = tile % across * TILE_COLUMNS;
            int height = Math.min(TILE_ROWS, rows - row);
            int width = Math.min(TILE_COLUMNS, outputs - column);
            float[] w = new float[inputs * width];
            for (int k = 0; k < inputs; k++) {
                weight.read((long) k * outputs + column, w, k * width, width);
            }
            double[][] sums = new double[height][width];
            for (int m = 0; bias != null && m < height; m++) {
                bias.read(column, sums[m], 0, width);
            }
            Product.add(from.read(row, height), w, sums);
            for (int m = 0; m < height; m++) {
                sink.take(row + m, column, sums[m]);
            }
        });
    }

    private static double activate(Activation activation, double v) {
        return switch (activation) {
            case NONE -> v;
            // 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2 u)), which costs less and cancels nowhere.
            case GELU_TANH -> v / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
            case SILU -> silu(v);
        };
    }

    static double silu(double v) {
        return v / (1 + Math.exp(-v));
    }
}
