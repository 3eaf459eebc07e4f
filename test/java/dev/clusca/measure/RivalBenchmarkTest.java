package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.Backends;
import dev.clusca.cases.ModelCases;
import dev.clusca.cases.ModelShape;
import dev.clusca.cases.OpCase;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RivalBenchmarkTest {
    private static final Method METHOD = new Method(CacheMode.WARM, 0.05, Duration.ofMillis(50));

    /** A library that fails must not cost the results that it would have stood beside. */
    @Test
    void aRivalThatFailsIsLeftOutAndSaid() {
        List<OpCase> cases = Stream.of("grid=4,width=32,heads=2", "grid=8,width=32,heads=2")
                .flatMap(shape -> ModelCases.of(ModelShape.parse(shape), DType.F32, 1).stream())
                .filter(c -> c.op().equals("gatherRows"))
                .toList();
        List<String> said = new ArrayList<>();

        assertThat(RivalBenchmark.run(
                        "closed",
                        () -> {
                            throw new BackendException("it does not open");
                        },
                        cases,
                        METHOD,
                        () -> false,
                        said::add))
                .isEmpty();
        Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
        SteppedBackend failing = new SteppedBackend(reference, () -> 50_000) {
            @Override
            void gather(Tensor x, Tensor index, Tensor rows) {
                if (x.shape().equals(cases.get(0).args().getFirst().shape())) {
                    throw new BackendException("it does not gather");
                }
                super.gather(x, index, rows);
            }
        };
        assertThat(RivalBenchmark.run("half", () -> failing, cases, METHOD, () -> false, said::add))
                .containsOnlyKeys(cases.get(1).name());
        assertThat(said)
                .containsExactly(
                        "closed is no baseline: it does not open",
                        "half is no baseline of " + cases.get(0).name() + ": it does not gather");
    }

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
