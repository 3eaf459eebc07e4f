package dev.clusca.kernels;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The element types that kernels are compiled for, and the names that follow from them. */
final class Types {
    static final List<DType> FLOATS = List.of(DType.F32, DType.BF16);

    private Types() {}

    /** The entry of an operation for its tensors' types, in the order of its parameters. */
    static String entry(String operation, Tensor... typed) {
        return operation + "_"
                + Arrays.stream(typed)
                        .map(t -> t.dtype().name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining("_"));
    }
}
