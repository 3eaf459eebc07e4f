package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.Backends;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Times what else computes the same, a backend's variant that is another program (oneDNN's products) or its plainest form. It has the machine to itself: two backends that are open at once have two teams
 * of threads, and where these are more than the processors, each wakes late.
 */
public final class RivalBenchmark {
    /** Variants that are worth it; the first that there is is taken. */
    private static final List<String> PREFERRED = List.of("onednn", "naive", "own");
    /** A baseline is known well enough soon. */
    private static final Duration LIMIT = Duration.ofMillis(300);

    private RivalBenchmark() {}

    /**
     * The times of the operations that the rival computes otherwise, by case.
     *
     * @param backend name of what it is a rival of, which is not open
     */
    public static Map<String, KernelResult.Baseline> run(
            String backend, BackendOptions options, List<OpCase> cases, Method method, BooleanSupplier cancelled) {
        Map<String, KernelResult.Baseline> baselines = new HashMap<>();
        Optional<Map.Entry<String, Variant>> rival = Backends.variants(backend).entrySet().stream()
                .filter(variant -> PREFERRED.contains(variant.getValue().name()))
                .findFirst();
        if (rival.isEmpty()) {
            return baselines;
        }
        Set<String> operations = rival.get().getValue().operations();
        Method quick = new Method(method.mode(), method.noise(), LIMIT);
        try (Backend other = Backends.require(rival.get().getKey(), options)) {
            for (OpCase c : cases) {
                if (!operations.contains(c.op())) {
                    continue;
                }
                try (CaseTimer timer =
                        new CaseTimer(other, c, new OpRun.Inputs(c, KernelBenchmark.SEED), quick, 0, null, false)) {
                    double micros = timer.run(cancelled).timings().median();
                    baselines.put(c.name(), new KernelResult.Baseline(other.name(), micros));
                } catch (OperationMissingException e) {
                    // It has none of this type.
                }
            }
        }
        return baselines;
    }
}
