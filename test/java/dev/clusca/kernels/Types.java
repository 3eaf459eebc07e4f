package dev.clusca.kernels;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The element types that kernels are compiled for, and the names that follow from them. */
final class Types {
    static final List<DType> FLOATS = List.of(DType.F32, DType.BF16);

    private Types() {}

    /** The entry of an operation for its tensors' types, in the order of its parameters. */
    static String entry(String operation, Tensor... typed) {
        return entry(operation, Arrays.stream(typed).map(Tensor::dtype).toArray(DType[]::new));
    }

    static String entry(String operation, DType... types) {
        return operation + "_" + Arrays.stream(types).map(DType::label).collect(Collectors.joining("_"));
    }

    /** Every choice of {@code places} types, one after the other, F32 first. */
    static Stream<List<DType>> tuples(int places) {
        return places == 0
                ? Stream.of(List.of())
                : tuples(places - 1)
                        .flatMap(head -> FLOATS.stream()
                                .map(last -> Stream.concat(head.stream(), Stream.of(last))
                                        .toList()));
    }
}
