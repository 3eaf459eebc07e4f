package dev.clusca.backend;

/** One kind of backend, found through {@link java.util.ServiceLoader}. */
public interface BackendProvider {
    /** The backend's name. */
    String name();

    /** Preference among usable backends; {@code auto} opens the highest. */
    int rank();

    /** Whether this machine can run it. Never throws and leaves nothing open; may load libraries. */
    Probe probe();

    /** @throws BackendException if it cannot be opened after all */
    Backend open(BackendOptions options);

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
