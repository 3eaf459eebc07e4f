package dev.clusca.backend;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The backends of this machine: which can run, which cannot and why, and which one to take. */
public final class Backends {
    private static final System.Logger LOG = System.getLogger(Backends.class.getName());

    private Backends() {}

    /** A kind of backend and whether it can run here. */
    public record Candidate(BackendProvider provider, BackendProvider.Probe probe) {
        public boolean isUsable() {
            return probe instanceof BackendProvider.Probe.Usable;
        }

        /** As {@code cpu: 2 threads ...} or {@code cuda: not usable: <cause>; <remedy>}. */
        @Override
        public String toString() {
            return provider.name()
                    + switch (probe) {
                        case BackendProvider.Probe.Usable u -> ": " + u.device();
                        case BackendProvider.Probe.Unusable u -> ": not usable: " + u.cause() + "; " + u.remedy();
                    };
        }
    }

    /** Every backend on the class path, probed, the preferred first. */
    public static List<Candidate> discover() {
        return ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(BackendProvider::rank).reversed())
                .map(p -> new Candidate(p, p.probe()))
                .toList();
    }

    /** The backend of that name, or an error with its cause and remedy; {@code auto} is the preferred one that can run, and never a variant. */
    public static Backend open(String name, BackendOptions options) {
        BackendName asked = BackendName.of(name);
        if (!asked.provider().equals("auto")) {
            return require(name, options);
        }
        if (asked.variant() != null || options.variant() != null) {
            throw new BackendException("auto takes no variant; name the backend that has it, as in cuda:naive");
        }
        List<Candidate> all = discover();
        for (Candidate c : all) {
            if (c.isUsable()) {
                LOG.log(
                        System.Logger.Level.DEBUG,
                        () -> "backend " + c.provider().name() + " chosen of: " + all);
                return c.provider().open(options);
            }
        }
        throw new BackendException("no backend can run on this machine: " + all);
    }

    /** {@link #open(String, BackendOptions)} with default options. */
    public static Backend open(String name) {
        return open(name, BackendOptions.DEFAULT);
    }

    /** Other ways to compute than the backend of that name, by the names that open them here: its provider's variants but for itself, the plainest first. */
    public static SequencedMap<String, BackendProvider.Variant> variants(String name) {
        String provider = BackendName.of(name).provider();
        SequencedMap<String, BackendProvider.Variant> variants = new LinkedHashMap<>();
        discover().stream()
                .map(Candidate::provider)
                .filter(p -> p.name().equals(provider))
                .flatMap(p -> p.variants().stream())
                .forEach(v -> variants.put(new BackendName(provider, v.name()).toString(), v));
        variants.remove(name);
        return variants;
    }

    /** The backend of exactly that name, as in {@code cuda}, or the variant, as in {@code cuda:naive}, whatever the options say; never another one. */
    public static Backend require(String name, BackendOptions options) {
        BackendName asked = BackendName.of(name);
        List<Candidate> all = discover();
        for (Candidate c : all) {
            if (c.provider().name().equals(asked.provider())) {
                if (c.probe() instanceof BackendProvider.Probe.Unusable u) {
                    throw new BackendException(
                            "backend " + name + " is not usable here: " + u.cause() + "; " + u.remedy());
                }
                BackendOptions wanted = asked.variant() == null ? options : options.withVariant(asked.variant());
                c.provider().variant(wanted);
                return c.provider().open(wanted);
            }
        }
        throw new BackendException("there is no backend named '" + asked.provider() + "'; there are auto, "
                + all.stream().map(c -> c.provider().name()).collect(Collectors.joining(", ")));
    }
}
