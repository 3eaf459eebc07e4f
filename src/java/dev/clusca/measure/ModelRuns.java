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
public sealed interface ModelRuns permits DitRuns, FluxRuns {
    /**
     * What a run made.
     *
     * @param pictures makes its pictures; none if they cannot be made
     */
    record Made(RunMetrics metrics, Supplier<List<Picture>> pictures) {}

    /** What all runs share. */
    ModelSettings settings();

    /** Where the model lies. */
    Backend backend();

    /** What it multiplies in. */
    DType dtype();

    /** Why there are no pictures to compare; null if there are. */
    @Nullable
    String noPictures();

    /**
     * Checks whether the model can run so.
     *
     * @throws IllegalArgumentException if it cannot: too many clusters, a full step beyond the last, more images at once than it makes
     */
    void check(ModelGrid grid);

    /** Rows of the model's batch. */
    int rows(int images);

    /** The operations of a run. */
    Flops flops(CachePolicy policy, int images);

    /**
     * Makes a run.
     *
     * @param steps as many as the settings say, or fewer to warm up
     */
    Made run(CachePolicy policy, int steps, int images, Progress progress);
}
