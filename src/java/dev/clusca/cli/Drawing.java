package dev.clusca.cli;

import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Samples;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How samples become pictures.
 *
 * @param decoder of a model of latents, or null if the samples are pixels
 */
public record Drawing(@Nullable LatentDecoder decoder) {
    /** The picture of each image. */
    public List<Picture> all(Samples samples) {
        List<Picture> pictures = new ArrayList<>();
        float[] values = decoder == null ? new float[0] : samples.values();
        for (int image = 0; image < samples.count(); image++) {
            pictures.add(decoder == null ? samples.picture(image) : decoder.decode(values, image));
        }
        return pictures;
    }
}
