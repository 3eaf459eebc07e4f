package dev.clusca.measure;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Flops;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSamples;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.pipeline.Progress;
import dev.clusca.sampler.FlowMatching;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Runs of FLUX by its published schedule, each of one image of the same text. */
public final class FluxRuns extends ModelRuns {
    private final FluxModel model;
    private final FluxPrompt prompt;
    private final int rows;
    private final int columns;
    private final Comparing<FluxSamples> comparing;
    private final FluxSampling sampling;

    /**
     * Computes nothing yet.
     *
     * @param rows tokens of the image from top to bottom: a sixteenth of its height in pixels
     * @param columns tokens from left to right
     * @param cancelled asked between steps whether to stop; then {@link #run} throws a {@link java.util.concurrent.CancellationException}
     */
    public FluxRuns(
            FluxModel model,
            FluxPrompt prompt,
            int rows,
            int columns,
            ModelSettings settings,
            Comparing<FluxSamples> comparing,
            BooleanSupplier cancelled) {
        super(settings, model.backend(), model.dtype(), comparing.missing());
        this.model = model;
        this.prompt = prompt;
        this.rows = rows;
        this.columns = columns;
        this.comparing = comparing;
        this.sampling = new FluxSampling(model)
                .guidance(settings.scale())
                .seed(settings.seed())
                .cancelled(cancelled);
    }

    /**
     * Checks before a model is loaded, which may take minutes, what is checked of it then.
     *
     * @param config the model's
     * @param rows as the constructor, and {@code columns}
     * @throws IllegalArgumentException as {@link ModelRuns#check}
     */
    public static void check(FluxConfig config, int rows, int columns, ModelSettings settings, ModelGrid grid) {
        for (ModelGrid.Entry entry : grid.entries()) {
            FluxSampling.check(config, settings.steps(), entry.policy(), rows, columns);
        }
        if (!grid.batches().equals(List.of(1))) {
            throw new IllegalArgumentException("FLUX makes one image at once, and the batches to measure are "
                    + grid.batches() + "; expected [1]");
        }
    }

    @Override
    public void check(ModelGrid grid) {
        check(model.config(), rows, columns, settings(), grid);
    }

    @Override
    public int rows(int images) {
        return images;
    }

    @Override
    public Flops flops(CachePolicy policy, int images) {
        return Flops.of(model.config(), policy, settings().steps(), prompt.count(model.config()), rows * columns);
    }

    @Override
    public Made run(CachePolicy policy, int steps, int images, Progress progress) {
        FluxSamples samples = sampling.policy(policy)
                .flow(FlowMatching.published(model.config(), steps, rows * columns))
                .listener(progress)
                .run(prompt, rows, columns);
        return new Made(samples.metrics(), () -> comparing.of(samples));
    }
}
