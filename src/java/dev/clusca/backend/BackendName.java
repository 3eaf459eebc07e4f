package dev.clusca.backend;

import org.jspecify.annotations.Nullable;

/**
 * The name by which a backend is opened: its provider's, as in {@code cuda}, and behind a colon a variant's, as in {@code cuda:naive}.
 *
 * @param provider what {@link BackendProvider#name} gives, or {@code auto}
 * @param variant what {@link BackendProvider.Variant#name} gives, or null for the backend itself
 */
public record BackendName(String provider, @Nullable String variant) {
    /** The two halves of a name; whether there is such a backend is not asked. */
    public static BackendName of(String text) {
        int colon = text.indexOf(':');
        return colon < 0
                ? new BackendName(text, null)
                : new BackendName(text.substring(0, colon), text.substring(colon + 1));
    }

    /** As {@link #of} takes it. */
    @Override
    public String toString() {
        return variant == null ? provider : provider + ":" + variant;
    }
}
