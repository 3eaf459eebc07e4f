package dev.clusca.measure;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Flops;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Progress;
import dev.clusca.pipeline.Samples;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Ddim;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Runs of a DiT by DDIM. Image i is of class i modulo their number, so that a larger batch holds the images of a smaller one. */
public final class DitRuns extends ModelRuns {
    private final DitModel model;
    private final Comparing<Samples> comparing;
    private final Sampling sampling;

    /**
     * Computes nothing yet.
     *
     * @param cancelled asked between steps whether to stop; then {@link #run} throws a {@link java.util.concurrent.CancellationException}
     * @throws IllegalArgumentException for guidance of a model without a null class
     */
    public DitRuns(DitModel model, ModelSettings settings, Comparing<Samples> comparing, BooleanSupplier cancelled) {
        super(settings, model.backend(), model.dtype(), comparing.missing());
        this.model = model;
        this.comparing = comparing;
        this.sampling = new Sampling(model)
                .guidance(settings.scale())
                .seed(settings.seed())
                .cancelled(cancelled);
    }

    /**
     * Checks before a model is loaded, which may take minutes, what is checked of it then.
     *
     * @param config the model's
     * @throws IllegalArgumentException as the constructor and {@link ModelRuns#check}
     */
    public static void check(DitConfig config, ModelSettings settings, ModelGrid grid) {
        for (ModelGrid.Entry entry : grid.entries()) {
            Sampling.check(config, sampler(settings.steps()), entry.policy(), settings.scale(), 1, 0);
        }
    }

    private static Ddim sampler(int steps) {
        return new Ddim(steps, 0, false);
    }

    @Override
    public void check(ModelGrid grid) {
        check(model.config(), settings(), grid);
    }

    @Override
    public int rows(int images) {
        return settings().scale() == 1 ? images : 2 * images;
    }

    @Override
    public Flops flops(CachePolicy policy, int images) {
        DitConfig config = model.config();
        int conditions = Math.min(images + 1, config.labels());
        return Flops.of(config, policy, settings().steps(), rows(images), conditions);
    }

    @Override
    public Made run(CachePolicy policy, int steps, int images, Progress progress) {
        int[] classes = IntStream.range(0, images)
                .map(image -> image % model.config().numClasses())
                .toArray();
        Samples samples = sampling.policy(policy)
                .sampler(sampler(steps))
                .batch(images)
                .listener(progress)
                .run(classes);
        return new Made(samples.metrics(), () -> comparing.of(samples));
    }
}
