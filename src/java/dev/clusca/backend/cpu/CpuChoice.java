package dev.clusca.backend.cpu;

import dev.clusca.backend.OperationMissingException;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.DType;

/**
 * What a cpu backend computes with.
 *
 * @param level of the instruction set, for which the kernels were compiled
 * @param oneDnn whether oneDNN multiplies matrices, and not the kernels
 */
record CpuChoice(CpuLevel level, boolean oneDnn) {
    /** The fastest at a level: our own products. oneDNN is not even loaded, which saves a tenth of a second at the start. */
    static CpuChoice fastest(CpuLevel level) {
        return new CpuChoice(level, false);
    }

    /** @throws dev.clusca.bindings.NativeUnavailableException if a library that it takes cannot be loaded */
    void ensureAvailable() {
        if (oneDnn) {
            OneDnnLibrary.gate().ensureAvailable();
        }
    }

    MatrixProducts products(CpuKernels kernels) {
        return oneDnn ? new DnnlProducts(kernels) : new OwnProducts(kernels);
    }

    /** @throws OperationMissingException if nobody multiplies matrices of that type */
    void requireProducts(String operation, DType dtype) {
        if (oneDnn && level == CpuLevel.V3 && dtype == DType.BF16) {
            throw new OperationMissingException(
                    operation
                            + ": oneDNN multiplies no bfloat16 without AVX-512; take f32, or --backend cpu, whose own products do");
        }
    }

    /** In words: {@code AVX-512, own products}, or {@code AVX-512, oneDNN 3.13.0}. The libraries must be loaded. */
    String describe() {
        return level.instructions() + (oneDnn ? ", oneDNN " + OneDnnLibrary.version() : ", own products");
    }
}
