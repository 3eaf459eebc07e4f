package dev.clusca.cache;

import dev.clusca.tensor.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which steps compute everything, and how the others are forecast. A policy is a value; what a run remembers lives in its {@link StepPlan}.
 *
 * <p>On the command line a policy is written as its name and settings, {@code clusca:interval=5,order=2}; {@link #parse} reads what {@link #spec} writes.
 */
public sealed interface CachePolicy permits FullCompute, Fora, TaylorSeer, ClusCa {
    /** The name in a specification: {@code full}, {@code fora}, {@code taylorseer}, {@code clusca}. */
    String name();

    /** The kind of each step, in the order in which they run. */
    List<StepKind> schedule(int steps);

    /** Highest order of the Taylor ladder: 0 reuses the last feature. */
    int order();

    /** Number of steps at the beginning that are computed in full; from the last of them on, ladders grow. */
    int firstEnhance();

    /** Storage type of the cached features; null takes the type that the run computes in. */
    @Nullable
    DType ladder();

    /**
     * Checks that the policy can be used with a model of so many tokens.
     *
     * @throws IllegalArgumentException if it cannot: what it asks for, and what it can ask for at most
     */
    default void checkFits(int tokens) {}

    /** This policy as {@link #parse} reads it, every setting that has a key spelled out. What has none, k-means' tolerances, comes back as published. */
    String spec();

    /**
     * Reads {@code name[:key=value,...]}; settings that are left out have their defaults.
     *
     * @throws IllegalArgumentException for an unknown name or key or a value out of range: what was found and what there is
     */
    static CachePolicy parse(String spec) {
        return PolicyGrammar.parse(spec);
    }
}
