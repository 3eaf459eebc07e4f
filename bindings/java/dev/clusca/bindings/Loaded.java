package dev.clusca.bindings;

import java.nio.file.Path;
import java.util.List;

/**
 * A library that is in the process now.
 *
 * @param file where it came from
 * @param passedOver files that would have done as well, and were not taken
 */
record Loaded(Path file, List<Path> passedOver) {
    Loaded {
        passedOver = List.copyOf(passedOver);
    }

    /** There was no choice. */
    static Loaded only(Path file) {
        return new Loaded(file, List.of());
    }
}
