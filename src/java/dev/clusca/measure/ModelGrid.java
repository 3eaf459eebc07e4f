package dev.clusca.measure;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.TaylorSeer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * What a model benchmark goes through: every method at every interval, for every batch.
 *
 * @param methods {@code fora}, {@code taylorseer}, {@code clusca}
 * @param intervals steps from one full step to the next, from 2 on: at 1 every step is full
 * @param batches images at once
 * @param order of the Taylor series, for the methods that have one
 * @param clusters of ClusCa
 * @param gamma propagation ratio of ClusCa
 */
public record ModelGrid(
        List<String> methods, List<Integer> intervals, List<Integer> batches, int order, int clusters, float gamma) {
    /** The methods that there are, the simplest first. */
    public static final List<String> METHODS = List.of("fora", "taylorseer", "clusca");

    public ModelGrid {
        methods = distinct(methods, "policy");
        intervals = distinct(intervals, "interval");
        batches = distinct(batches, "batch");
        for (String method : methods) {
            if (!METHODS.contains(method)) {
                throw new IllegalArgumentException("there is no policy '" + method + "' to measure; there are "
                        + String.join(", ", METHODS) + ", and full computation is always measured beside them");
            }
        }
        for (int interval : intervals) {
            if (interval < 2) {
                throw new IllegalArgumentException("an interval is at least 2, got " + interval
                        + "; at 1 every step is full, which is what the others are compared with");
            }
        }
        for (int batch : batches) {
            if (batch < 1) {
                throw new IllegalArgumentException("a batch has at least 1 image, got " + batch);
            }
        }
        // Whatever is wrong with the other settings is found now.
        entries(methods, intervals, order, clusters, gamma);
    }

    /**
     * One that is measured.
     *
     * @param interval its steps from one full step to the next, 1 for full computation
     */
    public record Entry(CachePolicy policy, int interval) {
        /** What the others are compared with. */
        static final Entry FULL = new Entry(new FullCompute(), 1);
    }

    /** Every method at every interval: of each method all intervals, in the order given. */
    public List<Entry> entries() {
        return entries(methods, intervals, order, clusters, gamma);
    }

    private static List<Entry> entries(
            List<String> methods, List<Integer> intervals, int order, int clusters, float gamma) {
        List<Entry> entries = new ArrayList<>();
        for (String method : methods) {
            for (int interval : intervals) {
                CachePolicy policy = switch (method) {
                    case "fora" -> new Fora(interval);
                    case "taylorseer" -> new TaylorSeer(interval, order);
                    default -> new ClusCa(interval, order, clusters, gamma);
                };
                entries.add(new Entry(policy, interval));
            }
        }
        return entries;
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
