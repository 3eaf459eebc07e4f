package dev.clusca.measure;

import java.util.Arrays;
import java.util.Locale;

/** What an operation finds in the last-level cache when it begins. */
public enum CacheMode {
    /** Nothing of its own, as within a model: copies of all its tensors take turns, together four times as large as the cache. */
    COLD,
    /** All that fits: the same tensors again and again. */
    WARM,
    /** Nothing: before each call other memory, four times as large as the cache, is written. */
    FLUSHED;

    /** As on a command line. */
    public static CacheMode parse(String text) {
        return Arrays.stream(values())
                .filter(mode -> mode.label().equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("'" + text + "' is no mode; expected cold, warm or flushed"));
    }

    /** In lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
