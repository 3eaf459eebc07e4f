package dev.clusca.measure;

import dev.clusca.pipeline.Picture;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How what a model makes is compared: as pictures, or not at all.
 *
 * @param <S> what a run makes
 * @param pictures what it looks like; null if it cannot be made pictures
 * @param missing why not
 */
public record Comparing<S>(
        @Nullable Function<S, List<Picture>> pictures,
        @Nullable String missing) {
    /** By these pictures. */
    public static <S> Comparing<S> by(Function<S, List<Picture>> pictures) {
        return new Comparing<>(pictures, null);
    }

    /** Not at all. */
    public static <S> Comparing<S> none(String why) {
        return new Comparing<>(null, why);
    }

    List<Picture> of(S samples) {
        return pictures == null ? List.of() : pictures.apply(samples);
    }
}
