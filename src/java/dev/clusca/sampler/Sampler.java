package dev.clusca.sampler;

import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** How a run goes from noise to a sample: which timesteps the model sees, and what its output makes of the sample. Steps are counted down, from T - 1 to 0. */
public sealed interface Sampler permits Ddim, Ddpm {
    /** The steps and their tables. */
    NoiseSchedule schedule();

    /** Whether the estimate of the clean sample is clamped to [-1, 1]. */
    boolean clip();

    /** Whether the model must put out a variance beside the noise. */
    boolean needsVariance();

    /** Whether {@link #update} adds noise at a step; the other steps may pass any finite noise, it is weighted 0. */
    boolean addsNoise(int step);

    /**
     * Puts the sampler's scalars of one step into a row of the step table: {@link Column#SAMPLE_TO_START} to {@link Column#LOG_VARIANCE_MAX}. Other columns stay.
     *
     * @param row {@link Column#COUNT} scalars
     * @param step T - 1 to 0
     */
    void fill(float[] row, int step);

    /**
     * Enqueues the update of the sample at the step under the table's cursor.
     *
     * @param x F32 {@code [B, channels, h, w]}, updated in place
     * @param output F32 {@code [R, c, h, w]}, what the model put out, after guidance
     * @param noise F32, the shape of x; may be null if no step adds noise and the sampler needs no variance
     */
    void update(Ops ops, Tensor x, Tensor output, @Nullable Tensor noise, StepTable steps);

    /** This sampler as {@link #parse} reads it, every option spelled out. */
    String spec();

    /** Number of steps T. */
    default int steps() {
        return schedule().steps();
    }

    /** The trained timesteps in the order in which they run: that of step T - 1 first. */
    default int[] timesteps() {
        int[] running = new int[steps()];
        for (int i = 0; i < running.length; i++) {
            running[i] = schedule().timestep(running.length - 1 - i);
        }
        return running;
    }

    /**
     * A sampler as the command line names it, as {@code ddim}, {@code ddim:eta=0.5,clip=true} or {@code ddpm:respacing=250}.
     *
     * @param spec {@code ddim} (eta 0) or {@code ddpm}, then options: {@code eta}, {@code clip}, {@code respacing}
     * @param steps number of steps
     * @throws IllegalArgumentException if the text is not understood; the message says what may stand there
     */
    static Sampler parse(String spec, int steps) {
        return SamplerSpec.parse(spec).sampler(steps);
    }
}
