package dev.clusca.bindings.dnn;

import dev.clusca.bindings.cudnn.Cudnn;

/** The element types in use. Sums are in F32 for both. */
public enum CudnnType {
    F32,
    BF16;

    int code() {
        return switch (this) {
            case F32 -> Cudnn.CUDNN_DATA_FLOAT();
            case BF16 -> Cudnn.CUDNN_DATA_BFLOAT16();
        };
    }

    int bytes() {
        return switch (this) {
            case F32 -> Float.BYTES;
            case BF16 -> Short.BYTES;
        };
    }
}
