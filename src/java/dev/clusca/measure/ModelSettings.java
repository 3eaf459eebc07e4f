package dev.clusca.measure;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What all runs of a model benchmark share.
 *
 * @param model what to call the model
 * @param sampler {@code ddim} of a DiT, {@code flow} of FLUX
 * @param size height and width of the images in pixels, as {@code 768x1360}; null for a model that has one size
 * @param steps of a run
 * @param guidance scale of guidance; null for a model that takes none, and of a DiT 1 is none, and runs half the rows
 * @param seed of every random number
 * @param rounds how often each run is made, all of them in turns
 */
public record ModelSettings(
        String model,
        String sampler,
        @Nullable String size,
        int steps,
        @Nullable Float guidance,
        long seed,
        int rounds) {
    public ModelSettings {
        if (rounds < 1) {
            throw new IllegalArgumentException("a benchmark has at least 1 round, got " + rounds);
        }
    }

    /** The scale of guidance, 1 where there is none. */
    public float scale() {
        return guidance == null ? 1 : guidance;
    }

    /** How guidance is told, as {@code guidance 3.5}. */
    String guided() {
        if (guidance == null || sampler.equals("ddim") && guidance == 1) {
            return "no guidance";
        }
        return "guidance "
                + new BigDecimal(Float.toString(guidance)).stripTrailingZeros().toPlainString();
    }

    /** The same with another number of rounds. */
    ModelSettings withRounds(int rounds) {
        return new ModelSettings(model, sampler, size, steps, guidance, seed, rounds);
    }

    /** Of a DiT, which DDIM samples. */
    public static ModelSettings ofDit(String model, int steps, float guidance, long seed, int rounds) {
        return new ModelSettings(model, "ddim", null, steps, guidance, seed, rounds);
    }

    /** Of FLUX, at a size in pixels. */
    public static ModelSettings ofFlux(
            String model, int height, int width, int steps, @Nullable Float guidance, long seed, int rounds) {
        return new ModelSettings(model, "flow", height + "x" + width, steps, guidance, seed, rounds);
    }
}
