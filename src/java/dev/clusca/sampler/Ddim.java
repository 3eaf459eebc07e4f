package dev.clusca.sampler;

import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * DDIM (arXiv 2010.02502). The noise that a step adds has {@code sigma = eta sqrt((1 - abarPrev) / (1 - abar)) sqrt(1 - abar / abarPrev)}, none at step 0.
 *
 * @param eta 0 (no noise, the sample follows from the first noise) to 1 (as much as DDPM)
 */
public record Ddim(NoiseSchedule schedule, double eta, boolean clip) implements Sampler {

    public Ddim {
        if (!(eta >= 0 && eta <= 1)) {
            throw new IllegalArgumentException("DDIM's eta is " + eta + ", expected 0 to 1");
        }
    }

    /**
     * DDIM over evenly spaced timesteps: respacing {@code ddimN} where N divides 1000, else {@code N}. The {@code sample.py} of DiT and ClusCa respaces by {@code N} always: give
     * {@code NoiseSchedule.respaced("N")} to follow it.
     */
    public Ddim(int steps, double eta, boolean clip) {
        this(
                NoiseSchedule.respaced(NoiseSchedule.hasEvenStride(steps) ? "ddim" + steps : Integer.toString(steps)),
                eta,
                clip);
    }

    @Override
    public String spec() {
        return "ddim:eta=" + eta + ",clip=" + clip + ",respacing=" + schedule.respacing();
    }

    @Override
    public boolean needsVariance() {
        return false;
    }

    @Override
    public boolean addsNoise(int step) {
        return eta > 0 && step > 0;
    }

    @Override
    public void fill(float[] row, int step) {
        // Float32 from here on, as the published code does: 1 - abarPrev is near 0 in the last steps, where its
        // rounding shows.
        float abar = (float) schedule.alphaBar(step);
        float abarPrev = (float) schedule.alphaBarPrev(step);
        float sigma = (float) eta * sqrt((1 - abarPrev) / (1 - abar)) * sqrt(1 - abar / abarPrev);
        row[Column.SAMPLE_TO_START.ordinal()] = (float) schedule.sqrtRecipAlphaBar(step);
        row[Column.NOISE_TO_START.ordinal()] = (float) schedule.sqrtRecipm1AlphaBar(step);
        row[Column.START_WEIGHT.ordinal()] = sqrt(abarPrev);
        row[Column.SECOND_WEIGHT.ordinal()] = sqrt(1 - abarPrev - sigma * sigma);
        row[Column.NOISE_WEIGHT.ordinal()] = sigma;
        row[Column.LOG_VARIANCE_MIN.ordinal()] = 0;
        row[Column.LOG_VARIANCE_MAX.ordinal()] = 0;
    }

    private static float sqrt(float value) {
        return (float) Math.sqrt(value);
    }

    @Override
    public void update(Ops ops, Tensor x, Tensor output, @Nullable Tensor noise, StepTable steps) {
        ops.ddimUpdate(x, output, noise, clip, steps);
    }
}
