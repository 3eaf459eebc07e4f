package dev.clusca.cli;

import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Samples;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How samples become pictures.
 *
 * @param decoder of a model of latents, or null if the samples are pixels
 * @param before what is done before each picture: to ask whether to go on
 */
public record Drawing(@Nullable LatentDecoder decoder, Runnable before) {
    /** Drawing that nothing stops. */
    public Drawing(@Nullable LatentDecoder decoder) {
        this(decoder, () -> {});
    }

    /** The picture of each image. */
    public List<Picture> all(Samples samples) {
        return IntStream.range(0, samples.count()).mapToObj(each(samples)).toList();
    }

    /** The picture of an image, made when it is asked for. */
    IntFunction<Picture> each(Samples samples) {
        float[] values = decoder == null ? new float[0] : samples.values();
        return image -> {
            before.run();
            return decoder == null ? samples.picture(image) : decoder.decode(values, image);
        };
    }
}
