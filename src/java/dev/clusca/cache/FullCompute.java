package dev.clusca.cache;

import dev.clusca.tensor.DType;
import org.jspecify.annotations.Nullable;

/** Every step computes everything: no cache. */
public record FullCompute() implements CachePolicy {
    @Override
    public String name() {
        return "full";
    }

    @Override
    public Schedule schedule() {
        return Schedule.every(1);
    }

    @Override
    public int order() {
        return 0;
    }

    @Override
    public int firstEnhance() {
        return 1;
    }

    @Override
    public @Nullable DType ladder() {
        return null;
    }

    @Override
    public String spec() {
        return "full";
    }

    @Override
    public String toString() {
        return spec();
    }
}
