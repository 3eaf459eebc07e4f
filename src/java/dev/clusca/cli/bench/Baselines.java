package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import java.util.ArrayList;
import java.util.List;

/**
 * What operations are measured beside: the backend's variant that is another program (oneDNN's products), or its plainest form, and then the reference.
 *
 * @param list the first that has an operation is taken
 * @param opened of these, what is closed in the end
 */
record Baselines(List<Backend> list, List<Backend> opened) implements AutoCloseable {
    /** None. */
    static final Baselines NONE = new Baselines(List.of(), List.of());

    /** Variants that are worth it, the first that can be opened is taken. */
    private static final List<String> PREFERRED = List.of("onednn", "naive", "own");

    /** Those of a backend. */
    static Baselines of(Backend backend, Backend reference, BackendOptions options) {
        String provider = BackendName.of(backend.name()).provider();
        List<Backend> opened = new ArrayList<>();
        Backends.discover().stream()
                .filter(c -> c.provider().name().equals(provider))
                .flatMap(c -> c.provider().variants().stream())
                .map(variant -> variant.name())
                .filter(PREFERRED::contains)
                .map(name -> new BackendName(provider, name).toString())
                .filter(name -> !name.equals(backend.name()))
                .findFirst()
                .ifPresent(name -> opened.add(Backends.require(name, options)));
        List<Backend> all = new ArrayList<>(opened);
        all.add(reference);
        return new Baselines(List.copyOf(all), List.copyOf(opened));
    }

    @Override
    public void close() {
        opened.forEach(Backend::close);
    }
}
