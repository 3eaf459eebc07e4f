package dev.clusca.cache;

import java.util.Arrays;
import java.util.List;

/**
 * Which of a run's steps compute everything. Full steps at equal distances are {@link #every}, chosen ones {@link #at}. A rule of your own is a value that implements this interface:
 *
 * <pre>{@code
 * record Halves() implements Schedule {
 *     public List<StepKind> of(int steps, int firstEnhance) {
 *         return IntStream.range(0, steps)
 *                 .mapToObj(i -> i < firstEnhance || i % (i < steps / 2 ? 3 : 6) == 0 ? StepKind.FULL : StepKind.CACHED)
 *                 .toList();
 *     }
 *
 *     public String spec() {
 *         return "halves";
 *     }
 * }
 *
 * sampling.policy(new TaylorSeer(new Halves(), 2));
 * }</pre>
 */
public interface Schedule {
    /**
     * The kind of each step, in the order in which they run. Asked several times for one run, it says the same.
     *
     * @param steps of the run, at least 1
     * @param firstEnhance how many steps at the beginning are full in any case, at least 1; may be more than there are
     * @return {@code steps} kinds
     * @throws IllegalArgumentException if a run of so many steps cannot be cut so
     */
    List<StepKind> of(int steps, int firstEnhance);

    /** How a policy's specification names it, as {@code interval=5}. */
    String spec();

    /**
     * Behind the first ones, every {@code interval}-th step is full, as published of TaylorSeer and ClusCa; for FORA, counted from the end, as published of it.
     *
     * @param interval steps from one full step to the next, at least 1
     */
    static Schedule every(int interval) {
        return new EqualDistances(interval);
    }

    /**
     * Behind the first ones, these steps are full.
     *
     * @param full steps counted from 0 in the order in which they run, ascending; a run must be long enough for all of them
     */
    static Schedule at(int... full) {
        return new ChosenSteps(Arrays.stream(full).boxed().toList());
    }
}
