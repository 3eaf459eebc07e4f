package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.Backends;
import dev.clusca.backend.DeviceLimits;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Times what else computes the same, a backend's variant that is another program (oneDNN's products) or its plainest form. It has the machine to itself: two backends that are open at once have two teams
 * of threads, and where these are more than the processors, each wakes late.
 */
public final class RivalBenchmark {
    /** Variants that are worth it, the best first: for each operation the first is taken that computes it otherwise. */
    private static final List<String> PREFERRED =
            List.of("onednn", "cublaslt", "jcublas", "cudnn", "chain", "own", "naive");
    /** A baseline is known well enough soon. */
    private static final Duration LIMIT = Duration.ofMillis(300);

    private RivalBenchmark() {}

    /**
     * The times of the operations that the rival computes otherwise, by case.
     *
     * @param backend name of what it is a rival of, which is not open
     * @param complain told of what a rival failed at, which then has no baseline: it must not cost the results that would stand beside it
     */
    public static Map<String, KernelResult.Baseline> run(
            String backend,
            BackendOptions options,
            List<OpCase> cases,
            Method method,
            BooleanSupplier cancelled,
            Consumer<String> complain) {
        Map<String, KernelResult.Baseline> baselines = new HashMap<>();
        ranked(Backends.variants(backend)).forEach((name, rival) -> {
            List<OpCase> open = cases.stream()
                    .filter(c -> rival.operations().contains(c.op()) && !baselines.containsKey(c.name()))
                    .toList();
            if (!open.isEmpty()) {
                baselines.putAll(run(name, () -> Backends.require(name, options), open, method, cancelled, complain));
            }
        });
        return baselines;
    }

    /** The variants that are worth it, the best first. */
    static SequencedMap<String, Variant> ranked(Map<String, Variant> variants) {
        SequencedMap<String, Variant> ranked = new LinkedHashMap<>();
        for (String preferred : PREFERRED) {
            variants.forEach((name, variant) -> {
                if (variant.name().equals(preferred)) {
                    ranked.put(name, variant);
                }
            });
        }
        return ranked;
    }

    static Map<String, KernelResult.Baseline> run(
            String rival,
            Supplier<Backend> opened,
            List<OpCase> cases,
            Method method,
            BooleanSupplier cancelled,
            Consumer<String> complain) {
        Map<String, KernelResult.Baseline> baselines = new HashMap<>();
        Method quick = new Method(method.mode(), method.noise(), LIMIT);
        try (Backend other = opened.get()) {
            for (OpCase c : cases) {
                // As much of it comes from memory as of what it stands beside.
                long cache = other.limits(c.multipliedIn())
                        .map(DeviceLimits::cacheBytes)
                        .orElse(0L);
                try (CaseTimer timer =
                        new CaseTimer(other, c, new OpRun.Inputs(c, KernelBenchmark.SEED), quick, cache, null, false)) {
                    double micros = timer.run(cancelled).timings().median();
                    baselines.put(c.name(), new KernelResult.Baseline(other.name(), micros));
                } catch (OperationMissingException e) {
                    // It has none of this type.
                } catch (BackendException e) {
                    complain.accept(rival + " is no baseline of " + c.name() + ": " + e.getMessage());
                }
            }
        } catch (BackendException e) {
            complain.accept(rival + " is no baseline: " + e.getMessage());
        }
        return baselines;
    }
}
