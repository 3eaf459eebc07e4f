package dev.clusca.backend;

import dev.clusca.tensor.Tensor;

/**
 * Where random draws come from: {@link dev.clusca.random.Philox} with key {@code seed} and counter {@code (token, rows[r], layer | stream << 16, STEP | purpose << 24)},
 * word 0, compared as an unsigned number.
 *
 * @param seed the run's seed
 * @param rows I32 {@code [R]}: image id * 2, + 1 for the unconditional row
 * @param stream which token stream of a layer: 0 in DiT
 * @param steps the table whose cursor selects {@link StepTable.Column#STEP}
 */
public record Draws(long seed, Tensor rows, int stream, StepTable steps) {}
