package dev.clusca.backend.reference;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;

/** Offers the reference backend, which needs nothing but a JVM. */
public final class ReferenceProvider implements BackendProvider {
    @Override
    public String name() {
        return ReferenceBackend.NAME;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public Probe probe() {
        return new Probe.Usable(ReferenceBackend.describe(Workers.threads(BackendOptions.DEFAULT)));
    }

    @Override
    public Backend open(BackendOptions options) {
        variant(options);
        return new ReferenceBackend(options);
    }
}
