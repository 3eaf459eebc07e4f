package dev.clusca.backend;

/**
 * How to open a backend.
 *
 * @param threads number of threads that compute, 0 to let the backend choose
 */
public record BackendOptions(int threads) {
    public static final BackendOptions DEFAULT = new BackendOptions(0);

    public BackendOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads is 1 to 1024, or 0 to let the backend choose; got " + threads);
        }
    }
}
