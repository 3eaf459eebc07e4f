package dev.clusca.measure;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.TaylorSeer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a model benchmark goes through: every policy, for every batch.
 *
 * @param entries the policies: {@linkplain #of every method at every interval}, or {@linkplain #chosen chosen ones}
 * @param batches images at once
 */
public record ModelGrid(List<Entry> entries, List<Integer> batches) {
    /** The methods that there are, the simplest first. */
    public static final List<String> METHODS = List.of("fora", "taylorseer", "clusca");

    public ModelGrid {
        entries = List.copyOf(entries);
        batches = distinct(batches, "batch");
        for (int batch : batches) {
            if (batch < 1) {
                throw new IllegalArgumentException("a batch has at least 1 image, got " + batch);
            }
        }
    }

    /**
     * One that is measured.
     *
     * @param interval its steps from one full step to the next, where they tell it from others of its method; empty for a chosen policy and for full computation
     */
    public record Entry(CachePolicy policy, OptionalInt interval) {
        /** What the others are compared with. */
        static final Entry FULL = new Entry(new FullCompute(), OptionalInt.empty());
    }

    /**
     * Every method at every interval: of each method all intervals, in the order given.
     *
     * @param methods {@code fora}, {@code taylorseer}, {@code clusca}
     * @param intervals steps from one full step to the next, from 2 on: at 1 every step is full
     * @param batches images at once
     * @param like what ClusCa is but for its interval, and TaylorSeer as far as it has the same settings
     */
    public static ModelGrid of(List<String> methods, List<Integer> intervals, List<Integer> batches, ClusCa like) {
        List<Entry> entries = new ArrayList<>();
        for (String method : distinct(methods, "policy")) {
            if (!METHODS.contains(method)) {
                throw new IllegalArgumentException("there is no policy '" + method + "' to measure; there are "
                        + String.join(", ", METHODS) + ", and full computation is always measured beside them");
            }
            for (int interval : distinct(intervals, "interval")) {
                if (interval < 2) {
                    throw new IllegalArgumentException("an interval is at least 2, got " + interval
                            + "; at 1 every step is full, which is what the others are compared with");
                }
                Schedule every = Schedule.every(interval);
                CachePolicy policy = switch (method) {
                    case "fora" -> new Fora(every, like.ladder());
                    case "taylorseer" -> new TaylorSeer(every, like.order(), like.firstEnhance(), like.ladder());
                    default ->
                        new ClusCa(
                                every,
                                like.order(),
                                like.clusters(),
                                like.gamma(),
                                like.firstEnhance(),
                                like.kMeans(),
                                like.ladder());
                };
                entries.add(new Entry(policy, OptionalInt.of(interval)));
            }
        }
        return new ModelGrid(entries, batches);
    }

    /** These policies, which may differ in anything, in the order given. */
    public static ModelGrid chosen(List<CachePolicy> policies, List<Integer> batches) {
        distinct(policies.stream().map(CachePolicy::spec).toList(), "policy");
        if (policies.stream().anyMatch(FullCompute.class::isInstance)) {
            throw new IllegalArgumentException(
                    "the policy 'full' is what the others are compared with, and always measured; leave it out");
        }
        return new ModelGrid(
                policies.stream()
                        .map(policy -> new Entry(policy, OptionalInt.empty()))
                        .toList(),
                batches);
    }

    private static <T> List<T> distinct(List<T> values, String what) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("there is no " + what + " to measure; name at least one");
        }
        if (new HashSet<>(values).size() < values.size()) {
            throw new IllegalArgumentException(what + " is named twice in " + values);
        }
        return List.copyOf(values);
    }
}
