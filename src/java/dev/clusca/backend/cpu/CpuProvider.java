package dev.clusca.backend.cpu;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;
import dev.clusca.bindings.CpuLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.cpu.CpuLevel;
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
                        "the processor, " + Processor.model() + ", lacks AVX2, FMA or BMI2; expected all of them",
                        "use a processor of 2013 or later, or --backend reference, which runs on any");
            }
            if (MatrixProducts.areOneDnns(level.get())) {
                OneDnnLibrary.gate().ensureAvailable();
            }
            return new Probe.Usable(CpuBackend.describe(Processor.threads(BackendOptions.DEFAULT), level.get()));
        } catch (NativeUnavailableException e) {
            return new Probe.Unusable(e.found() + "; expected " + e.expected(), e.remedy());
        }
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe() instanceof Probe.Unusable(String cause, String remedy)) {
            throw new BackendException("the cpu backend is not usable here: " + cause + "; " + remedy);
        }
        return new CpuBackend(options);
    }
}
