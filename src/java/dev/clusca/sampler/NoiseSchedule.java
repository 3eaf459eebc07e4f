package dev.clusca.sampler;

/**
 * The diffusion tables of DiT (OpenAI's guided diffusion): linear betas from 1e-4 to 0.02 over 1000 timesteps, respaced to the steps that a run takes. A table's
 * entry is a method of the step; step 0 is the last to run. All in float64, in the order of operations of the published code.
 */
public final class NoiseSchedule {
    /** Number of timesteps that DiT is trained on. */
    public static final int TRAINED_TIMESTEPS = 1000;

    private static final double FIRST_BETA = 0.0001;
    private static final double LAST_BETA = 0.02;

    private final String respacing;
    private final int[] timesteps;
    private final double[] betas;
    private final double[] alphaBars;

    private NoiseSchedule(String respacing, int[] timesteps) {
        this.respacing = respacing;
        this.timesteps = timesteps;
        this.betas = respacedBetas(timesteps);
        this.alphaBars = cumprod(betas);
    }

    /**
     * The schedule of a shorter run.
     *
     * @param respacing {@code ddimN}: N timesteps from 0 on at a whole stride (0, 20, .., 980 for {@code ddim50}); {@code N}: N timesteps from 0 to 999, rounded; {@code A,B,..}:
     *     as many in each of equal sections
     * @throws IllegalArgumentException if the text is not understood or cannot be met
     */
    public static NoiseSchedule respaced(String respacing) {
        return new NoiseSchedule(respacing, Respacing.timesteps(respacing, TRAINED_TIMESTEPS));
    }

    /** Whether there is a respacing {@code ddim<steps>} whose stride divides the trained timesteps. */
    static boolean hasEvenStride(int steps) {
        return steps >= 1 && TRAINED_TIMESTEPS % steps == 0 && Respacing.hasStride(steps, TRAINED_TIMESTEPS);
    }

    private static double[] respacedBetas(int[] timesteps) {
        double[] trained = new double[TRAINED_TIMESTEPS];
        double increment = (LAST_BETA - FIRST_BETA) / (TRAINED_TIMESTEPS - 1);
        for (int t = 0; t < TRAINED_TIMESTEPS; t++) {
            trained[t] = t * increment + FIRST_BETA;
        }
        trained[TRAINED_TIMESTEPS - 1] = LAST_BETA;
        double[] cumprod = cumprod(trained);
        double[] betas = new double[timesteps.length];
        double before = 1;
        for (int step = 0; step < betas.length; step++) {
            betas[step] = 1 - cumprod[timesteps[step]] / before;
            before = cumprod[timesteps[step]];
        }
        return betas;
    }

    /** Products of {@code 1 - beta} up to each step. */
    private static double[] cumprod(double[] betas) {
        double[] products = new double[betas.length];
        double product = 1;
        for (int i = 0; i < betas.length; i++) {
            product *= 1 - betas[i];
            products[i] = product;
        }
        return products;
    }

    /** The text that made this schedule. */
    public String respacing() {
        return respacing;
    }

    /** Number of steps T. */
    public int steps() {
        return timesteps.length;
    }

    /** The trained timestep that the model sees at a step. */
    public int timestep(int step) {
        return timesteps[step];
    }

    /** Variance that a step's noising adds. */
    public double beta(int step) {
        return betas[step];
    }

    /** {@code alphaBar}, the share of the clean sample's variance that is left: the table {@code alphas_cumprod}. */
    public double alphaBar(int step) {
        return alphaBars[step];
    }

    /** {@link #alphaBar} of the step that runs next; 1 at step 0. */
    public double alphaBarPrev(int step) {
        return step == 0 ? 1.0 : alphaBars[step - 1];
    }

    /** {@code sqrt(1 / alphaBar)}. */
    public double sqrtRecipAlphaBar(int step) {
        return Math.sqrt(1.0 / alphaBars[step]);
    }

    /** {@code sqrt(1 / alphaBar - 1)}. */
    public double sqrtRecipm1AlphaBar(int step) {
        return Math.sqrt(1.0 / alphaBars[step] - 1);
    }

    /** Variance of the next step's sample, given the clean one and this one; 0 at step 0. */
    public double posteriorVariance(int step) {
        return betas[step] * (1.0 - alphaBarPrev(step)) / (1.0 - alphaBars[step]);
    }

    /**
     * Logarithm of {@link #posteriorVariance}, with step 1's value in the place of step 0's, which is minus infinity. A schedule of a single step has no step 1 and takes
     * {@code log(beta)}: its only step adds no noise.
     */
    public double posteriorLogVarianceClipped(int step) {
        return Math.log(steps() == 1 ? betas[0] : posteriorVariance(Math.max(step, 1)));
    }

    /** Weight of the clean sample in the posterior's mean. */
    public double posteriorMeanCoef1(int step) {
        return betas[step] * Math.sqrt(alphaBarPrev(step)) / (1.0 - alphaBars[step]);
    }

    /** Weight of this step's sample in the posterior's mean. */
    public double posteriorMeanCoef2(int step) {
        return (1.0 - alphaBarPrev(step)) * Math.sqrt(1.0 - betas[step]) / (1.0 - alphaBars[step]);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof NoiseSchedule other && respacing.equals(other.respacing);
    }

    @Override
    public int hashCode() {
        return respacing.hashCode();
    }

    /** As {@code ddim50 (50 of 1000 timesteps)}. */
    @Override
    public String toString() {
        return respacing + " (" + steps() + " of " + TRAINED_TIMESTEPS + " timesteps)";
    }
}
