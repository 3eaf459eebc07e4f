package dev.clusca.pipeline;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.StepOrder;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitModel;
import dev.clusca.sampler.Ddim;
import dev.clusca.sampler.Sampler;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes images: a model, a sampler, a cache policy, and what else a run needs. Each setting gives a new object and leaves this one as it is. Defaults: 50 DDIM steps, no
 * cache, guidance 4 on the published channels (none for a model without a null class), seed 0, batches of at most 32 images.
 *
 * <p>An image depends on the seed, its place in the run and its class: not on the number of threads or, but for rounding, the backend, nor on the batch size, but for rounding on a GPU, where
 * long sums are split by how many rows there are. The exception is a ClusCa whose k-means stops for the whole batch {@linkplain dev.clusca.backend.KMeansOptions#together together}: then it depends on the images beside it, too.
 *
 * {@snippet :
 * Samples samples = new Sampling(model).policy(new ClusCa(5, 2, 16, 0.005f)).guidance(3).seed(7).run(0, 1, 2);
 * }
 */
public final class Sampling {
    /** Images are numbered twice over, with and without a condition. */
    private static final int LAST_PLACE = (1 << 30) - 1;

    final DitModel model;
    Sampler sampler = new Ddim(50, 0, false);
    CachePolicy policy = new FullCompute();
    float guidance;
    int guidanceChannels;
    long seed;
    int batch = 32;
    Choices choices = Choices.DRAWN;
    StepOrder order = StepOrder.PREFIX_PASS;
    float @Nullable [] noise;
    private int firstImage;
    private Progress progress = Progress.NONE;
    private @Nullable Preview preview;
    private BooleanSupplier cancelled = () -> false;

    /** Sampling from a model with the defaults. */
    public Sampling(DitModel model) {
        this.model = model;
        this.guidance = model.config().nullClass() ? 4 : 1;
        this.guidanceChannels = model.config().cfgChannels();
    }

    private Sampling(Sampling s) {
        model = s.model;
        sampler = s.sampler;
        policy = s.policy;
        guidance = s.guidance;
        guidanceChannels = s.guidanceChannels;
        seed = s.seed;
        batch = s.batch;
        choices = s.choices;
        order = s.order;
        noise = s.noise;
        firstImage = s.firstImage;
        progress = s.progress;
        preview = s.preview;
        cancelled = s.cancelled;
    }

    /** The sampler with its number of steps. */
    public Sampling sampler(Sampler sampler) {
        checkSampler(model.config(), sampler);
        Sampling s = new Sampling(this);
        s.sampler = sampler;
        return s;
    }

    /** The cache policy. */
    public Sampling policy(CachePolicy policy) {
        policy.checkFits(model.config().tokens());
        Sampling s = new Sampling(this);
        s.policy = policy;
        return s;
    }

    /** Classifier-free guidance scale; 1 is none, and runs half the rows. */
    public Sampling guidance(float scale) {
        checkGuidance(model.config(), scale);
        Sampling s = new Sampling(this);
        s.guidance = scale;
        return s;
    }

    /** How many channels guidance acts on: 3 as published, or all that the model predicts noise for. */
    public Sampling guidanceChannels(int channels) {
        int all = model.config().inChannels();
        if (channels < 1 || channels > all) {
            throw new IllegalArgumentException(
                    "guidance acts on 1 to " + all + " channels of this model, got " + channels);
        }
        Sampling s = new Sampling(this);
        s.guidanceChannels = channels;
        return s;
    }

    /** The seed of every random number of the run. */
    public Sampling seed(long seed) {
        Sampling s = new Sampling(this);
        s.seed = seed;
        return s;
    }

    /** The most images that are computed at once; guidance doubles the rows. */
    public Sampling batch(int images) {
        checkBatch(images);
        Sampling s = new Sampling(this);
        s.batch = images;
        return s;
    }

    /** Clusters and representatives given from outside instead of drawn; they are those of one batch, so the run must fit into one. */
    public Sampling choices(Choices choices) {
        Sampling s = new Sampling(this);
        s.choices = choices;
        return s;
    }

    /** In which order cached steps compute; the fast one unless asked otherwise. */
    public Sampling order(StepOrder order) {
        Sampling s = new Sampling(this);
        s.order = order;
        return s;
    }

    /** The noise that every image starts from, {@code [images, channels, h, w]}, instead of drawn; the run must fit into one batch. */
    public Sampling noise(float[] noise) {
        Sampling s = new Sampling(this);
        s.noise = GivenNoise.copy(noise);
        return s;
    }

    /** The place of the run's first image, 0 unless asked otherwise: an image's random numbers follow from its place, so that a long run can be made in parts. */
    public Sampling firstImage(int place) {
        if (place < 0 || place > LAST_PLACE) {
            throw new IllegalArgumentException("an image's place is 0 to " + LAST_PLACE + ", got " + place);
        }
        Sampling s = new Sampling(this);
        s.firstImage = place;
        return s;
    }

    /** Who hears of the steps. */
    public Sampling listener(Progress progress) {
        Sampling s = new Sampling(this);
        s.progress = progress;
        return s;
    }

    /** Who sees the samples of every step. */
    public Sampling preview(Preview preview) {
        Sampling s = new Sampling(this);
        s.preview = preview;
        return s;
    }

    /** Asked between steps whether to stop; then {@link #run} throws a {@link CancellationException}. */
    public Sampling cancelled(BooleanSupplier cancelled) {
        Sampling s = new Sampling(this);
        s.cancelled = cancelled;
        return s;
    }

    /**
     * Makes one image of each class given; waits until they are there.
     *
     * @throws IllegalArgumentException for a class that the model does not have
     * @throws CancellationException if the run was cancelled
     * @throws dev.clusca.backend.BackendException if the backend failed, or the samples are not finite
     */
    public Samples run(int... classes) {
        checkClasses(classes);
        DitConfig config = model.config();
        int perImage = config.inChannels() * config.inputSize() * config.inputSize();
        if (classes.length > batch && (noise != null || choices != Choices.DRAWN)) {
            throw new IllegalArgumentException("noise or choices given from outside are those of one batch, but "
                    + classes.length + " images do not fit into a batch of " + batch);
        }
        if ((long) firstImage + classes.length - 1 > LAST_PLACE) {
            throw new IllegalArgumentException("an image's place is 0 to " + LAST_PLACE + ", and " + classes.length
                    + " images from place " + firstImage + " on go beyond");
        }
        if ((long) classes.length * perImage > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    classes.length + " images of " + perImage
                            + " values are more than one run can hold; make them in several runs, each with the place of its first image (firstImage)");
        }
        if (noise != null && noise.length != classes.length * perImage) {
            throw new IllegalArgumentException("the noise given has " + noise.length + " values; " + classes.length
                    + " images of this model need " + classes.length * perImage);
        }
        int allSteps = Math.multiplyExact(Math.ceilDiv(classes.length, batch), sampler.steps());
        StepLoop loop = new StepLoop(policy, progress, preview, cancelled, allSteps);
        float[] values = new float[classes.length * perImage];
        for (int from = 0; from < classes.length; from += batch) {
            int[] part = Arrays.copyOfRange(classes, from, Math.min(from + batch, classes.length));
            try (Batch images = new BatchRun(this, firstImage + from, part)) {
                System.arraycopy(loop.run(images, from), 0, values, from * perImage, part.length * perImage);
            }
        }
        return new Samples(config, values, classes.clone(), loop.metrics());
    }

    /**
     * Checks the classes of a run beforehand, as {@link #run} does.
     *
     * @throws IllegalArgumentException if there is none, or one that the model does not have
     */
    public void checkClasses(int... classes) {
        checkClasses(model.config(), classes);
    }

    /**
     * Checks the settings of a run before its model is loaded, which may take minutes.
     *
     * @param config the model's
     * @throws IllegalArgumentException as each setting by itself and {@link #run}
     */
    public static void check(
            DitConfig config, Sampler sampler, CachePolicy policy, float guidance, int batch, int... classes) {
        checkSampler(config, sampler);
        policy.checkFits(config.tokens());
        policy.kinds(sampler.steps());
        checkGuidance(config, guidance);
        checkBatch(batch);
        checkClasses(config, classes);
    }

    private static void checkSampler(DitConfig config, Sampler sampler) {
        if (sampler.needsVariance() && !config.learnSigma()) {
            throw new IllegalArgumentException(
                    "this sampler needs a learned variance, and this model puts out none (learn_sigma is false); use ddim");
        }
    }

    private static void checkGuidance(DitConfig config, float scale) {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("the guidance scale must be a finite number, got " + scale);
        }
        if (scale != 1 && !config.nullClass()) {
            throw new IllegalArgumentException("guidance " + scale
                    + " needs a null class, and this model was trained without one; use guidance 1");
        }
    }

    private static void checkBatch(int images) {
        if (images < 1) {
            throw new IllegalArgumentException("a batch has at least 1 image, got " + images);
        }
    }

    private static void checkClasses(DitConfig config, int... classes) {
        if (classes.length == 0) {
            throw new IllegalArgumentException("no class was given; name at least one");
        }
        for (int c : classes) {
            if (c < 0 || c >= config.numClasses()) {
                throw new IllegalArgumentException(
                        "there is no class " + c + "; this model has the classes 0 to " + (config.numClasses() - 1));
            }
        }
    }
}
