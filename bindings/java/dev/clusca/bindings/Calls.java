package dev.clusca.bindings;

/** What a downcall may throw. */
public final class Calls {
    private Calls() {}

    /** Throws it: C functions throw nothing; the JVM may, as when the library is not available. */
    public static RuntimeException rethrow(Throwable t) {
        switch (t) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a C function throws nothing", t);
        }
    }
}
