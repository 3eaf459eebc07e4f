package dev.clusca.backend.cpu;

import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.Ops;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.cpu.CpuLevel;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Another way to compute than the fastest, the plainest first. */
enum CpuVariant {
    AVX2("the kernels for AVX2, with their own products, although the processor has AVX-512"),
    AVX512("the kernels for AVX-512, with their own products in float32, although the processor multiplies bfloat16"),
    ONEDNN("products, attention and convolutions by oneDNN instead of clusca's own kernels");

    private static final Set<String> PRODUCTS =
            Set.of("gemm", "gemmResidual", "gemmLadder", "gemmPrefixUpdate", "gemmRefresh", "attention", "convolve");

    private final String what;

    CpuVariant(String what) {
        this.what = what;
    }

    /** Those that differ from the fastest where the processor has that level, and whose library loads. */
    static List<CpuVariant> on(CpuLevel level) {
        return Stream.of(values())
                .filter(v -> !v.choice(level).equals(CpuChoice.fastest(level)))
                .filter(v -> v != ONEDNN || OneDnnLibrary.gate().isAvailable())
                .toList();
    }

    CpuChoice choice(CpuLevel level) {
        return switch (this) {
            case AVX2 -> CpuChoice.fastest(CpuLevel.V3);
            case AVX512 -> CpuChoice.fastest(level.compareTo(CpuLevel.V4) > 0 ? CpuLevel.V4 : level);
            case ONEDNN -> new CpuChoice(level, true);
        };
    }

    Variant variant() {
        return new Variant(name().toLowerCase(Locale.ROOT), what, operations());
    }

    /** Other products, or with other kernels all that there is. */
    private Set<String> operations() {
        return this == AVX2 || this == AVX512
                ? Arrays.stream(Ops.class.getMethods()).map(Method::getName).collect(Collectors.toSet())
                : PRODUCTS;
    }

    /** As in {@code cpu:onednn}. */
    @Override
    public String toString() {
        return new BackendName(CpuBackend.NAME, variant().name()).toString();
    }
}
