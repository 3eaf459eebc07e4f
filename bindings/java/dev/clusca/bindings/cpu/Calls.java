package dev.clusca.bindings.cpu;

/** What a downcall may throw. */
final class Calls {
    private Calls() {}

    /** C functions throw nothing; the JVM may, as when the library is not available. */
    static RuntimeException rethrow(Throwable t) {
        switch (t) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a C function throws nothing", t);
        }
    }
}
