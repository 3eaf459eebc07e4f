package dev.clusca.pipeline;

import org.jspecify.annotations.Nullable;

/** The version of this library. */
public final class Version {
    private Version() {}

    /** The version in the jar's manifest; {@code dev} for classes that come from a folder. */
    public static String current() {
        @Nullable String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }
}
