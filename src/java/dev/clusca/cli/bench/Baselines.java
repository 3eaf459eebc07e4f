package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.measure.Rival;
import java.util.ArrayList;
import java.util.List;

/**
 * What operations are measured beside: the backend's variant that is another program (oneDNN's products), or its plainest form, and then the reference.
 *
 * @param rivals the first that computes an operation otherwise is taken
 * @param opened what is closed in the end
 */
record Baselines(List<Rival> rivals, List<Backend> opened) implements AutoCloseable {
    /** None. */
    static final Baselines NONE = new Baselines(List.of(), List.of());

    /** Variants that are worth it; the first that there is is taken. */
    private static final List<String> PREFERRED = List.of("onednn", "naive", "own");

    /** Those of a backend. */
    static Baselines of(Backend backend, Backend reference, BackendOptions options) {
        String provider = BackendName.of(backend.name()).provider();
        List<Rival> rivals = new ArrayList<>();
        List<Backend> opened = new ArrayList<>();
        Backends.discover().stream()
                .filter(c -> c.provider().name().equals(provider))
                .flatMap(c -> c.provider().variants().stream())
                .filter(variant -> PREFERRED.contains(variant.name()))
                .filter(variant ->
                        !new BackendName(provider, variant.name()).toString().equals(backend.name()))
                .findFirst()
                .ifPresent(variant -> {
                    Backend other = Backends.require(new BackendName(provider, variant.name()).toString(), options);
                    opened.add(other);
                    rivals.add(new Rival(other, variant.operations()::contains));
                });
        if (!provider.equals(reference.name())) {
            rivals.add(new Rival(reference, _ -> true));
        }
        return new Baselines(List.copyOf(rivals), List.copyOf(opened));
    }

    @Override
    public void close() {
        opened.forEach(Backend::close);
    }
}
