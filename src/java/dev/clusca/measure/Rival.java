package dev.clusca.measure;

import dev.clusca.backend.Backend;
import java.util.function.Predicate;

/**
 * Another way to compute the same, to measure beside.
 *
 * @param backend that computes it
 * @param differs whether it computes an operation, by its name, otherwise than what is measured
 */
public record Rival(Backend backend, Predicate<String> differs) {}
