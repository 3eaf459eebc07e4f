package dev.clusca.sampler;

import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** DDPM with a learned variance between the posterior's and beta (arXiv 2006.11239, 2102.09672). Every step but step 0 adds noise. */
public record Ddpm(NoiseSchedule schedule, boolean clip) implements Sampler {

    /** DDPM over {@code steps} timesteps from 0 to 999: respacing {@code N}, as the published {@code sample.py}. */
    public Ddpm(int steps, boolean clip) {
        this(NoiseSchedule.respaced(Integer.toString(steps)), clip);
    }

    @Override
    public String spec() {
        return "ddpm:clip=" + clip + ",respacing=" + schedule.respacing();
    }

    @Override
    public boolean needsVariance() {
        return true;
    }

    @Override
    public boolean addsNoise(int step) {
        return step > 0;
    }

    @Override
    public void fill(float[] row, int step) {
        row[Column.SAMPLE_TO_START.ordinal()] = (float) schedule.sqrtRecipAlphaBar(step);
        row[Column.NOISE_TO_START.ordinal()] = (float) schedule.sqrtRecipm1AlphaBar(step);
        row[Column.START_WEIGHT.ordinal()] = (float) schedule.posteriorMeanCoef1(step);
        row[Column.SECOND_WEIGHT.ordinal()] = (float) schedule.posteriorMeanCoef2(step);
        row[Column.NOISE_WEIGHT.ordinal()] = addsNoise(step) ? 1 : 0;
        row[Column.LOG_VARIANCE_MIN.ordinal()] = (float) schedule.posteriorLogVarianceClipped(step);
        row[Column.LOG_VARIANCE_MAX.ordinal()] = (float) Math.log(schedule.beta(step));
    }

    @Override
    public void update(Ops ops, Tensor x, Tensor output, @Nullable Tensor noise, StepTable steps) {
        if (noise == null) {
            throw new IllegalArgumentException(
                    "DDPM adds noise and was given none; pass a tensor of the sample's shape");
        }
        ops.ddpmUpdate(x, output, noise, clip, steps);
    }
}
