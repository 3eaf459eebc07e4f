package dev.clusca.cache;

import dev.clusca.tensor.DType;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which steps compute everything, and how the others are forecast. A policy is a value; what a run remembers lives in its {@link StepPlan}.
 *
 * <p>On the command line a policy is written as its name and settings, {@code clusca:interval=5,order=2}; {@link #parse} reads what {@link #spec} writes, but for a {@link Schedule} of one's own.
 */
public sealed interface CachePolicy permits FullCompute, Fora, TaylorSeer, ClusCa {
    /** The name in a specification: {@code full}, {@code fora}, {@code taylorseer}, {@code clusca}. */
    String name();

    /** Which steps compute everything, besides the first ones. */
    Schedule schedule();

    /** Highest order of the Taylor ladder: 0 reuses the last feature. */
    int order();

    /** Number of steps at the beginning that are computed in full; from the last of them on, ladders grow. */
    int firstEnhance();

    /**
     * The kind of each step of a run, in the order in which they run: what the schedule says.
     *
     * @throws IllegalArgumentException if {@code steps} is not at least 1 or the schedule does not fit so many
     */
    default List<StepKind> kinds(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("sampling needs at least 1 step, got " + steps);
        }
        List<StepKind> kinds = schedule().of(steps, firstEnhance());
        if (kinds == null || kinds.size() != steps || kinds.stream().anyMatch(Objects::isNull)) {
            throw new IllegalArgumentException("the schedule " + schedule().spec() + " of " + name() + " gave " + kinds
                    + " for " + steps + " steps; expected as many kinds");
        }
        int first = Math.min(firstEnhance(), steps);
        if (kinds.subList(0, first).contains(StepKind.CACHED)) {
            throw new IllegalArgumentException("the schedule " + schedule().spec() + " of " + name() + " begins with "
                    + kinds.subList(0, first) + "; expected " + first + (first == 1 ? " full step" : " full steps")
                    + " at the beginning, as its policy says");
        }
        return List.copyOf(kinds);
    }

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
