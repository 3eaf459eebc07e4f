package dev.clusca.pipeline;

import dev.clusca.backend.BackendException;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.StepOrder;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.sampler.FlowMatching;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the latents of an image with FLUX, from a text that was encoded elsewhere. Each setting gives a new object and leaves this one as it is. Defaults: 50 steps of the published shifted schedule and guidance 3.5
 * for a model that takes guidance (FLUX.1-dev), 4 even steps for one that does not (schnell); no cache; seed 0.
 *
 * {@snippet :
 * CachePolicy published = CachePolicy.parse("clusca:interval=5,order=1,first=3,iterations=10");
 * FluxSamples image = new FluxSampling(model).policy(published).seed(7).run(prompt, 64, 64);
 * }
 */
public final class FluxSampling {
    final FluxModel model;
    CachePolicy policy = new FullCompute();
    float guidance = 3.5f;
    long seed;
    StepOrder order = StepOrder.PREFIX_PASS;
    Choices choices = Choices.DRAWN;
    Choices textChoices = Choices.DRAWN;
    float @Nullable [] noise;
    private @Nullable FlowMatching flow;
    private Progress progress = Progress.NONE;
    private @Nullable Preview preview;
    private BooleanSupplier cancelled = () -> false;

    /**
     * Sampling from a model with the defaults.
     *
     * @throws IllegalArgumentException if the model does not put out what it takes, as FLUX.1-Fill
     */
    public FluxSampling(FluxModel model) {
        model.config().checkSamples();
        this.model = model;
    }

    private FluxSampling(FluxSampling s) {
        model = s.model;
        policy = s.policy;
        guidance = s.guidance;
        seed = s.seed;
        order = s.order;
        choices = s.choices;
        textChoices = s.textChoices;
        noise = s.noise;
        flow = s.flow;
        progress = s.progress;
        preview = s.preview;
        cancelled = s.cancelled;
    }

    /** The steps from noise to image. */
    public FluxSampling flow(FlowMatching flow) {
        FluxSampling s = new FluxSampling(this);
        s.flow = flow;
        return s;
    }

    /**
     * The cache policy. In the published order of a step the text is clustered as the image is, and its representatives spread to nobody, as published; a text of fewer tokens than clusters is
     * forecast alone.
     */
    public FluxSampling policy(CachePolicy policy) {
        FluxSampling s = new FluxSampling(this);
        s.policy = policy;
        return s;
    }

    /** The guidance that a distilled model takes as an input; another model ignores it. */
    public FluxSampling guidance(float scale) {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("the guidance scale must be a finite number, got " + scale);
        }
        FluxSampling s = new FluxSampling(this);
        s.guidance = scale;
        return s;
    }

    /** The seed of every random number of the run. */
    public FluxSampling seed(long seed) {
        FluxSampling s = new FluxSampling(this);
        s.seed = seed;
        return s;
    }

    /** In which order cached steps compute; the fast one unless asked otherwise. */
    public FluxSampling order(StepOrder order) {
        FluxSampling s = new FluxSampling(this);
        s.order = order;
        return s;
    }

    /** Clusters and representatives given from outside instead of drawn, by the step's place in the run. The text's are used in the published order alone, the fast one needs none. */
    public FluxSampling choices(Choices image, Choices text) {
        FluxSampling s = new FluxSampling(this);
        s.choices = image;
        s.textChoices = text;
        return s;
    }

    /** The noise to start from, {@code [rows * columns, channels of a token]}, instead of drawn. */
    public FluxSampling noise(float[] noise) {
        FluxSampling s = new FluxSampling(this);
        s.noise = GivenNoise.copy(noise);
        return s;
    }

    /** Who hears of the steps. */
    public FluxSampling listener(Progress progress) {
        FluxSampling s = new FluxSampling(this);
        s.progress = progress;
        return s;
    }

    /** Who sees the samples of every step, as {@link FluxSamples#tokens}; steps count up. */
    public FluxSampling preview(Preview preview) {
        FluxSampling s = new FluxSampling(this);
        s.preview = preview;
        return s;
    }

    /** Asked between steps whether to stop; then {@link #run} throws a {@link CancellationException}. */
    public FluxSampling cancelled(BooleanSupplier cancelled) {
        FluxSampling s = new FluxSampling(this);
        s.cancelled = cancelled;
        return s;
    }

    /**
     * Makes one image's latents; waits until they are there.
     *
     * @param rows tokens of the image from top to bottom: a sixteenth of its height in pixels
     * @param columns tokens from left to right
     * @throws IllegalArgumentException if prompt, noise or policy do not fit the model or the image
     * @throws CancellationException if the run was cancelled
     * @throws BackendException if the backend failed, or the samples are not finite
     */
    public FluxSamples run(FluxPrompt prompt, int rows, int columns) {
        FluxConfig config = model.config();
        checkSize(config, rows, columns);
        int imageTokens = rows * columns;
        int textTokens = prompt.count(config);
        policy.checkFits(imageTokens);
        if (noise != null && noise.length != imageTokens * config.inChannels()) {
            throw new IllegalArgumentException("the noise given has " + noise.length + " values; " + imageTokens
                    + " tokens of this model have " + imageTokens * config.inChannels());
        }
        FlowMatching steps =
                flow != null ? flow : FlowMatching.published(config, FlowMatching.publishedSteps(config), imageTokens);
        StepLoop loop = new StepLoop(policy, progress, preview, cancelled, steps.steps());
        try (Batch image = new FluxRun(this, steps, prompt, textTokens, rows, columns)) {
            float[] tokens = loop.run(image, 0).clone();
            return new FluxSamples(tokens, rows, columns, loop.metrics());
        }
    }

    /**
     * Checks the settings of a run before its model is loaded, which may take minutes.
     *
     * @param config the model's
     * @param steps of the published schedule
     * @param rows as {@link #run}, and {@code columns}
     * @throws IllegalArgumentException as the constructor and {@link #run}
     */
    public static void check(FluxConfig config, int steps, CachePolicy policy, int rows, int columns) {
        config.checkSamples();
        checkSize(config, rows, columns);
        policy.checkFits(rows * columns);
        policy.kinds(FlowMatching.published(config, steps, rows * columns).steps());
    }

    private static void checkSize(FluxConfig config, int rows, int columns) {
        if (rows < 1 || columns < 1 || (long) rows * columns * config.inChannels() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("an image of " + rows + " x " + columns
                    + " tokens cannot be made; expected at least 1 x 1, and fewer than 2^31 values in all");
        }
    }
}
