package dev.clusca.bindings.dnnl;

import dev.clusca.bindings.onednn.OneDnn;

/** The element types in use. */
public enum DnnlType {
    F32,
    BF16;

    int code() {
        return switch (this) {
            case F32 -> OneDnn.dnnl_f32();
            case BF16 -> OneDnn.dnnl_bf16();
        };
    }
}
