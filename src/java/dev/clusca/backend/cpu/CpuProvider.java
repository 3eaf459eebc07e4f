package dev.clusca.backend.cpu;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.ProcessorName;
import dev.clusca.bindings.CpuLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cpu.CpuLevel;
import java.util.List;
import java.util.Optional;

/** Offers the cpu backend where its libraries load and the processor has AVX2. */
public final class CpuProvider implements BackendProvider {
    @Override
    public String name() {
        return CpuBackend.NAME;
    }

    @Override
    public int rank() {
        return 10;
    }

    @Override
    public Probe probe() {
        try {
            CpuLibrary.gate().ensureAvailable();
            Optional<CpuLevel> level = CpuLevel.current();
            if (level.isEmpty()) {
                return new Probe.Unusable(
                        "the processor, " + ProcessorName.current() + ", lacks AVX2, FMA or BMI2; expected all of them",
                        "use a processor of 2013 or later, or --backend reference, which runs on any");
            }
            CpuChoice choice = CpuChoice.fastest(level.get());
            choice.ensureAvailable();
            return new Probe.Usable(CpuBackend.describe(Processor.threads(BackendOptions.DEFAULT), choice));
        } catch (NativeUnavailableException e) {
            return new Probe.Unusable(e.found() + "; expected " + e.expected(), e.remedy());
        }
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe() instanceof Probe.Unusable(String cause, String remedy)) {
            throw new BackendException("the cpu backend is not usable here: " + cause + "; " + remedy);
        }
        CpuLevel level = CpuLevel.current().orElseThrow();
        Optional<CpuVariant> variant = variant(options)
                .flatMap(asked -> CpuVariant.on(level).stream()
                        .filter(v -> v.variant().equals(asked))
                        .findFirst());
        return new CpuBackend(
                options,
                variant.map(CpuVariant::toString).orElse(CpuBackend.NAME),
                variant.map(v -> v.choice(level)).orElse(CpuChoice.fastest(level)));
    }

    /** Only where the backend itself can run. */
    @Override
    public List<Variant> variants() {
        if (probe() instanceof Probe.Unusable) {
            return List.of();
        }
        return CpuVariant.on(CpuLevel.current().orElseThrow()).stream()
                .map(CpuVariant::variant)
                .toList();
    }
}
