package dev.clusca.cases;

import dev.clusca.tensor.DType;
import java.util.List;

/** The float types that a case gives to activations and to the residual stream. */
public enum Precision {
    F32("f32", DType.F32, DType.F32),
    BF16("bf16", DType.BF16, DType.BF16),
    /** What a bf16 model runs: the residual stream stays F32. */
    BF16_F32("bf16+f32", DType.BF16, DType.F32);

    /** The two that matter where no residual stream takes part. */
    static final List<Precision> PLAIN = List.of(F32, BF16);

    static final List<Precision> ALL = List.of(values());

    private final String label;
    private final DType activations;
    private final DType stream;

    Precision(String label, DType activations, DType stream) {
        this.label = label;
        this.activations = activations;
        this.stream = stream;
    }

    /** As in a case's name. */
    public String label() {
        return label;
    }

    /** Type of weights, activations and modulations. */
    public DType activations() {
        return activations;
    }

    /** Type of the residual stream. */
    public DType stream() {
        return stream;
    }
}
