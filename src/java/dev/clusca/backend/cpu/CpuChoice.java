package dev.clusca.backend.cpu;

import dev.clusca.backend.OperationMissingException;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.DType;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a cpu backend computes with.
 *
 * @param level of the instruction set, for which the kernels were compiled
 * @param oneDnn the types whose matrices oneDNN multiplies; the kernels multiply the others
 */
record CpuChoice(CpuLevel level, Set<DType> oneDnn) {
    static final Set<DType> ALL = Set.of(DType.F32, DType.BF16);

    CpuChoice {
        oneDnn = Set.copyOf(oneDnn);
    }

    /**
     * The fastest at a level: our own products, but at level V4 for bfloat16 where the processor has AMX, which oneDNN uses. Where it does nothing, oneDNN is not even loaded, which saves a tenth of a second at
     * the start.
     */
    static CpuChoice fastest(CpuLevel level) {
        return new CpuChoice(level, level == CpuLevel.V4 && CpuLevel.hasAmx() ? Set.of(DType.BF16) : Set.of());
    }

    /** @throws dev.clusca.bindings.NativeUnavailableException if a library that it takes cannot be loaded */
    void ensureAvailable() {
        if (!oneDnn.isEmpty()) {
            OneDnnLibrary.gate().ensureAvailable();
        }
    }

    MatrixProducts products(CpuKernels kernels) {
        if (oneDnn.isEmpty()) {
            return new OwnProducts(kernels);
        }
        return oneDnn.equals(ALL) ? new DnnlProducts(kernels) : new ProductsByType(oneDnn, kernels);
    }

    /** @throws OperationMissingException if nobody multiplies matrices of that type */
    void requireProducts(String operation, DType dtype) {
        if (oneDnn.contains(dtype) && level == CpuLevel.V3 && dtype == DType.BF16) {
            throw new OperationMissingException(
                    operation
                            + ": oneDNN multiplies no bfloat16 without AVX-512; take f32, or --backend cpu, whose own products do");
        }
    }

    /** In words: {@code AVX-512, own products, oneDNN 3.13.0 in bf16}. The libraries must be loaded. */
    String describe() {
        if (oneDnn.isEmpty()) {
            return level.instructions() + ", own products";
        }
        String library = "oneDNN " + OneDnnLibrary.version();
        return level.instructions()
                + (oneDnn.equals(ALL) ? ", " + library : ", own products, " + library + " in " + names(oneDnn));
    }

    private static String names(Set<DType> types) {
        return types.stream().map(DType::label).sorted().collect(Collectors.joining(" and "));
    }
}
