package dev.clusca;

import java.nio.file.Path;
import java.util.Objects;

/** Where the source tree lies that the tests run in. */
public final class Repository {
    private Repository() {}

    /** A path in the source tree. */
    public static Path path(String first, String... more) {
        String root = Objects.requireNonNull(
                System.getProperty("clusca.root"), "run the tests with Maven: it sets clusca.root");
        return Path.of(root).resolve(Path.of(first, more));
    }
}
