package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Flops;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Progress;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.tensor.DType;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The runs of a model that a {@link ModelBenchmark} compares: all of them have the same settings, but for the policy and how many images are made at once. */
public abstract sealed class ModelRuns permits DitRuns, FluxRuns {
    private final ModelSettings settings;
    private final Backend backend;
    private final DType dtype;
    private final @Nullable String noPictures;

    /**
     * What a run made.
     *
     * @param pictures makes its pictures; none if they cannot be made
     */
    public record Made(RunMetrics metrics, Supplier<List<Picture>> pictures) {}

    ModelRuns(ModelSettings settings, Backend backend, DType dtype, @Nullable String noPictures) {
        this.settings = settings;
        this.backend = backend;
        this.dtype = dtype;
        this.noPictures = noPictures;
    }

    /** What all runs share. */
    public final ModelSettings settings() {
        return settings;
    }

    /** Where the model lies. */
    public final Backend backend() {
        return backend;
    }

    /** What it multiplies in. */
    public final DType dtype() {
        return dtype;
    }

    /** Why there are no pictures to compare; null if there are. */
    public final @Nullable String noPictures() {
        return noPictures;
    }

    /**
     * Checks whether the model can run so.
     *
     * @throws IllegalArgumentException if it cannot: too many clusters, a full step beyond the last, more images at once than it makes
     */
    public abstract void check(ModelGrid grid);

    /** Rows of the model's batch. */
    public abstract int rows(int images);

    /** The operations of a run. */
    public abstract Flops flops(CachePolicy policy, int images);

    /**
     * Makes a run.
     *
     * @param steps as many as the settings say, or fewer to warm up
     */
    public abstract Made run(CachePolicy policy, int steps, int images, Progress progress);
}
