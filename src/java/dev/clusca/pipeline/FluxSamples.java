package dev.clusca.pipeline;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.Shape;

/** The latents that a run of FLUX made, with what it took. */
public final class FluxSamples {
    private static final int PATCH = FluxConfig.TOKEN_SIDE;

    private final float[] tokens;
    private final int rows;
    private final int columns;
    private final RunMetrics metrics;

    FluxSamples(float[] tokens, int rows, int columns, RunMetrics metrics) {
        this.tokens = tokens;
        this.rows = rows;
        this.columns = columns;
        this.metrics = metrics;
    }

    /** A copy of the samples as the model has them, {@code [rows * columns, channels of a token]}. */
    public float[] tokens() {
        return tokens.clone();
    }

    /**
     * {@code [1, channels, 2 rows, 2 columns]}.
     *
     * @throws IllegalStateException if the model's tokens are no patches of 2 x 2 latents
     */
    public Shape shape() {
        int width = tokens.length / (rows * columns);
        if (width % (PATCH * PATCH) != 0) {
            throw new IllegalStateException("a token of this model has " + width
                    + " channels, which are no patch of 2 x 2 latents; take tokens()");
        }
        int channels = width / (PATCH * PATCH);
        return Shape.of(1, channels, (long) PATCH * rows, (long) PATCH * columns);
    }

    /** The samples as an autoencoder takes them, row-major in {@link #shape}: a token's channels are ordered channel, row, column of its patch ({@code unpack}). */
    public float[] latents() {
        Shape shape = shape();
        int channels = shape.size(1);
        float[] latents = new float[tokens.length];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                for (int c = 0; c < channels; c++) {
                    for (int y = 0; y < PATCH; y++) {
                        for (int x = 0; x < PATCH; x++) {
                            int line = (c * rows + row) * PATCH + y;
                            latents[(line * columns + column) * PATCH + x] = tokens[at++];
                        }
                    }
                }
            }
        }
        return latents;
    }

    /**
     * The picture that an autoencoder makes of the samples. Its decoder takes about as much memory as sampling did, and is there meanwhile alone.
     *
     * @throws IllegalArgumentException if it decodes latents of another number of channels
     * @throws IllegalStateException as {@link #shape}
     */
    public Picture picture(VaeModel vae) {
        Shape shape = shape();
        try (LatentDecoder decoder = new LatentDecoder(vae, shape.size(1), shape.size(2), shape.size(3))) {
            return decoder.decode(latents(), 0);
        }
    }

    /** What the run took. */
    public RunMetrics metrics() {
        return metrics;
    }
}
