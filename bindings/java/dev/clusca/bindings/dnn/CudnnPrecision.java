package dev.clusca.bindings.dnn;

import dev.clusca.bindings.cudnn.Cudnn;
import java.util.Arrays;

/** Which of cuDNN's engines may compute, by the notes that each carries on its numbers. None that gives other bits in another run, transforms (FFT, Winograd) or sums in less than F32. */
public enum CudnnPrecision {
    /** Products of F32 as they are, and so no tensor cores: these would round to TF32. */
    EXACT,
    /** Products on tensor cores too, of what is BF16 already. */
    TENSOR_CORES;

    /** @param notes {@code CUDNN_NUMERICAL_NOTE_..} */
    boolean allows(int[] notes) {
        return Arrays.stream(notes)
                .allMatch(note -> note == Cudnn.CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP()
                        || this == TENSOR_CORES && note == Cudnn.CUDNN_NUMERICAL_NOTE_TENSOR_CORE());
    }
}
