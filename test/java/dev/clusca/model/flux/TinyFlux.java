package dev.clusca.model.flux;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import java.util.List;

/** Small FLUX models with random weights, and what they take. */
public final class TinyFlux {
    private TinyFlux() {}

    /** Width 48 of 3 heads, 2 double blocks, 16 channels. */
    public static FluxConfig config(int singles, boolean guidance) {
        return new FluxConfig(16, 16, 20, 24, 48, 4, 3, 2, singles, List.of(4, 6, 6), 10_000, true, guidance);
    }

    /** Normal numbers; each place has its own. */
    public static float[] numbers(int count, int place) {
        float[] values = new float[count];
        Normals.fill(values, 3, place, 0, Purpose.INITIAL_NOISE);
        return values;
    }
}
