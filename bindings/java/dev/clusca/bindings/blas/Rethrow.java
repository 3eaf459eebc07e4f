package dev.clusca.bindings.blas;

/** What a downcall may throw. */
final class Rethrow {
    private Rethrow() {}

    /** C functions throw nothing; the JVM may. */
    static RuntimeException of(Throwable t) {
        switch (t) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a C function throws nothing", t);
        }
    }
}
