package dev.clusca.backend;

import org.jspecify.annotations.Nullable;

/**
 * How to open a backend.
 *
 * @param threads number of threads that compute, 0 to let the backend choose
 * @param variant the one of {@link BackendProvider#variants} to open, or null for the backend itself
 */
public record BackendOptions(int threads, @Nullable String variant) {
    public static final BackendOptions DEFAULT = new BackendOptions(0);

    public BackendOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads is 1 to 1024, or 0 to let the backend choose; got " + threads);
        }
    }

    /** The backend itself. */
    public BackendOptions(int threads) {
        this(threads, null);
    }

    /** The same for a variant. */
    public BackendOptions withVariant(@Nullable String name) {
        return new BackendOptions(threads, name);
    }
}
