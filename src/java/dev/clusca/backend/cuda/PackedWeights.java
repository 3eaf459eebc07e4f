package dev.clusca.backend.cuda;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The layout in which {@code kernels/gemm.cu} takes weights {@code [N, K]}. BF16: tiles of 8 outputs by 32 inputs, {@code [N / 8, K / 32, 8, 32]}, a tile being what a warp multiplies at once. F32:
 * {@code [N / 64, K, 64]}. Zeros fill what is beyond N and K.
 */
final class PackedWeights {
    /** Outputs and inputs of a tile of BF16. */
    static final int TILE_OUTPUTS = 8;

    static final int TILE_INPUTS = 32;
    /** Outputs that lie side by side in F32. */
    static final int PANEL = 64;

    private PackedWeights() {}

    static Shape shape(int outputs, int inputs, DType dtype) {
        return dtype == DType.BF16
                ? Shape.of(
                        Math.ceilDiv(outputs, TILE_OUTPUTS),
                        Math.ceilDiv(inputs, TILE_INPUTS),
                        TILE_OUTPUTS,
                        TILE_INPUTS)
                : Shape.of(Math.ceilDiv(outputs, PANEL), inputs, PANEL);
    }

    /** Where a weight lies, in elements. */
    static long index(int output, int input, int inputs, DType dtype) {
        if (dtype == DType.BF16) {
            long tile = (long) (output / TILE_OUTPUTS) * Math.ceilDiv(inputs, TILE_INPUTS) + input / TILE_INPUTS;
            return (tile * TILE_OUTPUTS + output % TILE_OUTPUTS) * TILE_INPUTS + input % TILE_INPUTS;
        }
        return ((long) (output / PANEL) * inputs + input) * PANEL + output % PANEL;
    }

    /**
     * Packs one row of tiles, or one panel, after the other.
     *
     * @param weight F32 or BF16 {@code [N, K]} in host memory
     * @param sink takes each, and where it begins, in elements
     */
    static void pack(Tensor weight, DType dtype, Sink sink) {
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        int group = dtype == DType.BF16 ? TILE_OUTPUTS : PANEL;
        int elements = Math.toIntExact(shape(group, inputs, dtype).elements());
        float[] row = new float[inputs];
        float[] wide = dtype == DType.BF16 ? new float[0] : new float[elements];
        short[] narrow = dtype == DType.BF16 ? new short[elements] : new short[0];
        for (int first = 0; first < outputs; first += group) {
            int count = Math.min(group, outputs - first);
            for (int n = 0; n < group; n++) {
                if (n < count) {
                    read(weight.slice(first + n), row);
                } else {
                    Arrays.fill(row, 0);
                }
                for (int k = 0; k < inputs; k++) {
                    int at = (int) index(n, k, inputs, dtype);
                    if (dtype == DType.BF16) {
                        narrow[at] = Bf16.fromFloat(row[k]);
                    } else {
                        wide[at] = row[k];
                    }
                }
            }
            sink.take(
                    (long) (first / group) * elements,
                    dtype == DType.BF16 ? MemorySegment.ofArray(narrow) : MemorySegment.ofArray(wide));
        }
    }

    /** Hands over weights {@code [N, K]} row-major, some rows at a time; otherwise as {@link #pack}. */
    static void rows(Tensor weight, DType dtype, Sink sink) {
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        float[] row = new float[inputs];
        for (int first = 0; first < outputs; first += PANEL) {
            int count = Math.min(PANEL, outputs - first);
            int elements = Math.multiplyExact(count, inputs);
            float[] wide = new float[dtype == DType.BF16 ? 0 : elements];
            short[] narrow = new short[dtype == DType.BF16 ? elements : 0];
            for (int n = 0; n < count; n++) {
                read(weight.slice(first + n), row);
                for (int k = 0; k < inputs; k++) {
                    if (dtype == DType.BF16) {
                        narrow[n * inputs + k] = Bf16.fromFloat(row[k]);
                    } else {
                        wide[n * inputs + k] = row[k];
                    }
                }
            }
            sink.take(
                    (long) first * inputs,
                    dtype == DType.BF16 ? MemorySegment.ofArray(narrow) : MemorySegment.ofArray(wide));
        }
    }

    /** The values of a vector in host memory, rounded to BF16. */
    static short[] narrow(Tensor vector) {
        float[] values = floats(vector);
        short[] rounded = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = Bf16.fromFloat(values[i]);
        }
        return rounded;
    }

    /** The values of a vector in host memory. */
    static float[] floats(Tensor vector) {
        float[] values = new float[vector.shape().size(0)];
        read(vector, values);
        return values;
    }

    private static void read(Tensor row, float[] values) {
        MemorySegment memory = row.memory();
        for (int i = 0; i < values.length; i++) {
            values[i] = row.dtype() == DType.F32
                    ? memory.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i)
                    : Bf16.toFloat(memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
        }
    }

    /** What happens to a packed group; the memory is used again. */
    @FunctionalInterface
    interface Sink {
        void take(long element, MemorySegment packed);
    }
}
