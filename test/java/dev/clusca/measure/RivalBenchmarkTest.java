package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.BackendProvider.Variant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RivalBenchmarkTest {
    /** A library is a baseline before the plainest form, which stays one for what the library does not compute. */
    @Test
    void librariesComeFirstAndThePlainestFormLast() {
        Map<String, Variant> variants = new LinkedHashMap<>();
        for (String name : List.of("naive", "avx2", "jcublas", "cublaslt")) {
            variants.put("cuda:" + name, new Variant(name, name, Set.of("gemm")));
        }
        assertThat(RivalBenchmark.ranked(variants).keySet())
                .containsExactly("cuda:cublaslt", "cuda:jcublas", "cuda:naive");
    }
}
