package dev.clusca.backend;

import dev.clusca.tensor.Tensor;

/**
 * What the prefix order of cached ClusCa steps keeps beside the ladders. Order 0 of an MLP's ladder stays implicit, {@code T0[r, n] = a base[r, n] + U[r, label(n)]}, base
 * being plane 0 of the ladder; after a full step a = 1 and U = 0.
 *
 * <p>Everything but the representatives' MLPs is known when a cached step begins, so one pass reads every plane once, and then the layers follow each other on K rows:
 * {@link Ops#prefixMaterialise}, {@link Ops#prefixPass}; for each layer {@link Ops#prefixGather}, the MLP, {@link Ops#prefixRefresh}; {@link Ops#prefixClose}. A full step has
 * {@link Ops#prefixUpdate} in the place of {@link Ops#ladderUpdate} of the MLP. There, d is the signed distance to the last full step, {@code A_l(d) = sum_i d^i/i! TA_i} and
 * {@code M_l(d) = sum_{i >= 1} d^i/i! TM_i} are the forecasts of attention and MLP from their ladders' planes, and {@code a' = (1 - ratio) a}.
 *
 * @param labels I32 {@code [R, N]}, the cluster of each token
 * @param representatives I32 {@code [L, R, K]}, this step's: a token of the cluster, or -1 for an empty one. A token of another cluster leaves its row unwritten
 * @param retained F32 {@code [steps, 2]}: a as the step before left it, and as this step uses it, which is 1 where {@link Ops#prefixMaterialise} has work to do, else the same.
 *     a = 1 says that U is zero and is not read; a = 0 says that base is not read
 * @param rows F32 {@code [L, R, K, C]}: what the pass emitted for the representatives, and once that is used, their corrections
 * @param propagated F32 {@code [L, R, K, C]}: U
 * @param spread F32 {@code [R, K, C]}: S, what the layers so far added to every member of a cluster
 * @param ratio the propagation ratio gamma, 0 to 1
 */
public record PrefixState(
        Tensor labels,
        Tensor representatives,
        Tensor retained,
        Tensor rows,
        Tensor propagated,
        Tensor spread,
        float ratio) {}
