package dev.clusca.sampler;

import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/**
 * Euler steps of a rectified flow (arXiv 2209.03003), as FLUX takes them: the model's output is the velocity {@code v} of a sample at time t, 1 being noise and 0 the image, and a step goes {@code x += (next t - t) v}. Steps count up,
 * from 0.
 */
public final class FlowMatching {
    /** Of the published schedule ({@code get_schedule}): the shift of 256 image tokens and of 4096, and on a line through both that of another number. */
    private static final double BASE_SHIFT = 0.5;

    private static final double MAX_SHIFT = 1.15;
    private static final int BASE_TOKENS = 256;
    private static final int MAX_TOKENS = 4096;

    /** As many as DiT's samplers have at most. */
    private static final int MOST_STEPS = 1000;

    private final double[] times;

    private FlowMatching(double[] times) {
        this.times = times;
    }

    /**
     * Steps between given times.
     *
     * @param times from the noise's to the image's, each less than the one before, one more than there are steps
     */
    public static FlowMatching of(double... times) {
        if (times.length < 2) {
            throw new IllegalArgumentException(
                    "a flow needs at least 2 times, where its only step begins and ends; got " + times.length);
        }
        for (int i = 0; i < times.length; i++) {
            if (!(times[i] >= 0 && times[i] <= 1) || i > 0 && !(times[i] < times[i - 1])) {
                throw new IllegalArgumentException("time " + i + " of a flow is " + times[i]
                        + (i == 0
                                ? "; expected 0 to 1"
                                : " after " + times[i - 1] + "; expected less, and at least 0"));
            }
        }
        return new FlowMatching(times.clone());
    }

    /** FLUX.1-schnell's: evenly spaced from 1 to 0. */
    public static FlowMatching even(int steps) {
        return of(evenly(steps));
    }

    /**
     * FLUX.1-dev's: the more tokens an image has, the longer the steps stay at much noise. {@code t' = e^mu / (e^mu + 1 / t - 1)}.
     *
     * @param imageTokens decides mu
     * @throws IllegalArgumentException for so many tokens that steps do not differ any more
     */
    public static FlowMatching shifted(int steps, int imageTokens) {
        double slope = (MAX_SHIFT - BASE_SHIFT) / (MAX_TOKENS - BASE_TOKENS);
        double shrink = StrictMath.exp(-(BASE_SHIFT + slope * (imageTokens - BASE_TOKENS)));
        double[] times = evenly(steps);
        for (int i = 0; i < steps; i++) { // the last stays 0
            times[i] = 1 / (1 + shrink * (1 / times[i] - 1));
            if (i > 0 && times[i] >= times[i - 1]) {
                throw new IllegalArgumentException("an image of " + imageTokens
                        + " tokens is too large for the published schedule, which was made for up to " + MAX_TOKENS
                        + ": its steps do not differ any more; make a smaller image");
            }
        }
        return of(times);
    }

    /** The published schedule of a model: shifted for one that takes guidance, even for the other. */
    public static FlowMatching published(FluxConfig config, int steps, int imageTokens) {
        return config.guidanceEmbed() ? shifted(steps, imageTokens) : even(steps);
    }

    /** The published number of steps of a model. */
    public static int publishedSteps(FluxConfig config) {
        return config.guidanceEmbed() ? 50 : 4;
    }

    private static double[] evenly(int steps) {
        if (steps < 1 || steps > MOST_STEPS) {
            throw new IllegalArgumentException(steps + " steps, expected 1 to " + MOST_STEPS);
        }
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            times[i] = 1 - (double) i / steps;
        }
        return times;
    }

    /** Number of steps. */
    public int steps() {
        return times.length - 1;
    }

    /** The time at which each step evaluates the model. */
    public float[] timesteps() {
        float[] begins = new float[steps()];
        for (int i = 0; i < begins.length; i++) {
            begins[i] = (float) times[i];
        }
        return begins;
    }

    /**
     * Puts the scalars of one step into a row of the step table. A step is DDIM's with a clean sample that lies one step ahead, {@code x0 = x - (t - next t) v}, and no weight of the noise.
     *
     * @param row {@link Column#COUNT} scalars
     */
    public void fill(float[] row, int step) {
        row[Column.STEP.ordinal()] = step;
        row[Column.SAMPLE_TO_START.ordinal()] = 1;
        row[Column.NOISE_TO_START.ordinal()] = (float) (times[step] - times[step + 1]);
        row[Column.START_WEIGHT.ordinal()] = 1;
        row[Column.SECOND_WEIGHT.ordinal()] = 0;
        row[Column.NOISE_WEIGHT.ordinal()] = 0;
    }

    /**
     * Enqueues the update of the sample at the step under the table's cursor.
     *
     * @param x F32, updated in place
     * @param output F32, the shape of x: the velocity
     */
    public void update(Ops ops, Tensor x, Tensor output, StepTable steps) {
        Shape plane = Shape.of(1, 1, 1, x.shape().elements());
        ops.ddimUpdate(x.reshape(plane), output.reshape(plane), null, false, steps);
    }
}
