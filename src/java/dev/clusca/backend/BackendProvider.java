package dev.clusca.backend;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One kind of backend, found through {@link java.util.ServiceLoader}. */
public interface BackendProvider {
    /** The backend's name. */
    String name();

    /** Preference among usable backends; {@code auto} opens the highest. */
    int rank();

    /** Whether this machine can run it. Never throws and leaves nothing open; may load libraries. */
    Probe probe();

    /** @throws BackendException if it cannot be opened after all, or there is no such variant */
    Backend open(BackendOptions options);

    /**
     * Other ways to compute the same that can be opened on this machine, for comparison: rungs of a ladder whose top is the backend itself, the plainest first. Never throws; may load
     * libraries.
     */
    default List<Variant> variants() {
        return List.of();
    }

    /**
     * The variant that the options ask for, or nothing where that is the backend itself.
     *
     * @throws BackendException if there is no such variant on this machine: those that there are
     */
    default Optional<Variant> variant(BackendOptions options) {
        String asked = options.variant();
        if (asked == null) {
            return Optional.empty();
        }
        List<Variant> all = variants();
        Optional<Variant> found =
                all.stream().filter(v -> v.name().equals(asked)).findFirst();
        if (found.isEmpty()) {
            throw new BackendException("the backend " + name() + " has no variant '" + asked + "' on this machine; "
                    + (all.isEmpty()
                            ? "it has none"
                            : "it has "
                                    + all.stream()
                                            .map(v -> new BackendName(name(), v.name()) + " (" + v.what() + ")")
                                            .collect(Collectors.joining(", "))));
        }
        return found;
    }

    /**
     * Who computes parts of it that several could: clusca's own kernels, or a library. Never throws; may load libraries, and answers even where the backend cannot run.
     */
    default List<Selection> selections() {
        return List.of();
    }

    /**
     * Who computes a part of a backend.
     *
     * @param part what there is to compute, in words
     * @param taken the name of the option that the backend itself takes
     * @param reason why that one
     * @param options all that there are
     */
    record Selection(String part, String taken, String reason, List<Option> options) {
        public Selection {
            options = List.copyOf(options);
        }

        /**
         * One who can compute it.
         *
         * @param name by which it is chosen
         * @param state whether it can be used here
         */
        public record Option(String name, Probe state) {}
    }

    /**
     * A way to compute that differs from the backend itself.
     *
     * @param name what stands behind the colon: {@code naive} in {@code cuda:naive}
     * @param what how it computes, in words
     * @param operations the methods of {@link Ops} that it computes otherwise
     */
    record Variant(String name, String what, Set<String> operations) {
        public Variant {
            operations = Set.copyOf(operations);
        }
    }

    /** The answer of {@link #probe}. */
    sealed interface Probe {
        /** @param device what it would run on, in words */
        record Usable(String device) implements Probe {}

        /**
         * @param cause what was found and what was expected
         * @param remedy what to install or set
         */
        record Unusable(String cause, String remedy) implements Probe {}
    }
}
