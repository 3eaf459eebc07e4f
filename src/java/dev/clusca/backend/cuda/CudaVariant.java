package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendProvider.Probe;
import dev.clusca.backend.BackendProvider.Variant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Another way to compute than that of the backend itself, the plainest first. */
enum CudaVariant {
    NAIVE(
            GemmChoice.OWN,
            "every operation by the plainest kernels that compute it, to measure and to read the others by",
            NaiveOps.OPERATIONS),
    OWN(GemmChoice.OWN, "products by clusca's own kernels instead of a library", LibraryGemm.OPERATIONS),
    JCUBLAS(
            GemmChoice.JCUBLAS,
            "products by cuBLAS 12 through JCublas, and what follows them by kernels of clusca's",
            LibraryGemm.OPERATIONS),
    CUBLASLT(
            GemmChoice.CUBLASLT,
            "products with bias and GELU by cuBLASLt, and what else follows them by kernels of clusca's",
            LibraryGemm.OPERATIONS),
    CHAIN(GemmChoice.OWN, ChainOps.WHAT, ChainOps.OPERATIONS),
    CUDNN(GemmChoice.OWN, CudnnOps.WHAT, CudnnOps.OPERATIONS);

    private final GemmChoice gemm;
    private final Variant variant;

    CudaVariant(GemmChoice gemm, String what, Set<String> operations) {
        this.gemm = gemm;
        variant = new Variant(name().toLowerCase(Locale.ROOT), what, operations);
    }

    /** Those that differ from a backend with that choice and whose library loads. */
    static List<CudaVariant> beside(GemmChoice chosen) {
        return Arrays.stream(values())
                .filter(v -> !v.isOnlyProducts() || v.gemm != chosen)
                .filter(CudaVariant::loads)
                .toList();
    }

    /** Whether it differs in who multiplies, and in nothing else. */
    private boolean isOnlyProducts() {
        return this == OWN || this == JCUBLAS || this == CUBLASLT;
    }

    private boolean loads() {
        return gemm.probe() instanceof Probe.Usable
                && (this != CUDNN || CudnnSession.refusal().isEmpty());
    }

    /** The one behind what a provider offers. */
    static Optional<CudaVariant> of(Variant variant) {
        return Arrays.stream(values()).filter(v -> v.variant.equals(variant)).findFirst();
    }

    /** Who multiplies matrices. */
    GemmChoice gemm() {
        return gemm;
    }

    Variant variant() {
        return variant;
    }

    /** As in {@code cuda:naive}. */
    @Override
    public String toString() {
        return new BackendName(CudaBackend.NAME, variant.name()).toString();
    }
}
