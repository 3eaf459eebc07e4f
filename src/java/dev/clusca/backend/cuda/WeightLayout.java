package dev.clusca.backend.cuda;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/**
 * Where a layer's weights {@code [N, K]} lie. There is one copy of them, as whoever multiplies takes it: a model of 12 billion parameters has no room for another.
 */
enum WeightLayout {
    /** As {@link PackedWeights} has them. */
    PACKED {
        @Override
        Shape shape(int outputs, int inputs, DType dtype) {
            return PackedWeights.shape(outputs, inputs, dtype);
        }

        @Override
        void pack(Tensor weight, DType dtype, PackedWeights.Sink sink) {
            PackedWeights.pack(weight, dtype, sink);
        }
    },
    /** Row-major, as libraries take them. */
    ROWS {
        @Override
        Shape shape(int outputs, int inputs, DType dtype) {
            return Shape.of(outputs, inputs);
        }

        @Override
        void pack(Tensor weight, DType dtype, PackedWeights.Sink sink) {
            PackedWeights.rows(weight, dtype, sink);
        }
    };

    /** The shape of the tensor that holds them. */
    abstract Shape shape(int outputs, int inputs, DType dtype);

    /** Hands weights {@code [N, K]}, F32 or BF16 in host memory, to the sink in pieces of that tensor. */
    abstract void pack(Tensor weight, DType dtype, PackedWeights.Sink sink);
}
