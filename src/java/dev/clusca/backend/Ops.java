package dev.clusca.backend;

import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a diffusion transformer with feature caching. Each is one fused kernel of clusca's on a GPU, {@link #groupNorm} two.
 *
 * <p>Common contract. An operation enqueues and returns nothing; it neither allocates device memory nor waits. Outputs are wholly written. Inputs and outputs do
 * not overlap unless a method says so. Scalars that change from step to step come from a {@link StepTable}. "float" stands for F32 or BF16, each tensor on its own
 * unless said otherwise; sums run in at least float32 and are rounded once, when stored. A NaN that enters comes out. Every extent is at least 1.
 *
 * <p>Names of extents: R batch rows (guidance doubles the images B: conditional rows first, then the unconditional ones), N tokens, C width, H heads, K clusters,
 * L layers, S steps.
 *
 * <p>Every method throws {@link IllegalArgumentException}, before anything is enqueued, for a wrong dtype, shape or overlap: what was found and what was expected.
 */
public interface Ops {

    // ---- entering the model

    /**
     * Cuts images into patches and embeds them: {@code x[r, n] = W patch(images[r mod B], n) + bias + positions[n]}. Tokens run row by row; a patch's elements are
     * ordered channel, row, column (DiT, {@code PatchEmbed}).
     *
     * @param images F32 {@code [B, channels, h, w]}, h and w multiples of {@code patch}
     * @param weight float {@code [C, channels * patch * patch]}
     * @param bias float {@code [C]}
     * @param positions F32 {@code [N, C]}, N = (h / patch) * (w / patch), or null to add none
     * @param x float {@code [R, N, C]}, R a multiple of B
     */
    void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x);

    /**
     * Sinusoidal timestep features: with {@code half = F / 2} and {@code w_i = exp(-ln(10000) i / (half - shift))}, {@code out[s] = (cos(t_s w_0..), sin(t_s w_0..))}. As in the
     * published code, exponent, frequency and the product {@code t_s w_i} are rounded to float32 each; at t = 999 that moves the angle by up to 1e-4, so an exact angle would not
     * be the one that models were trained with.
     *
     * @param timesteps F32 {@code [S]}
     * @param shift 0 in the official DiT, 1 in diffusers ({@code downscale_freq_shift})
     * @param out float {@code [S, F]}, F even
     */
    void timestepFeatures(Tensor timesteps, int shift, Tensor out);

    /**
     * {@code out[s, d] = silu(time[s] + table[labels[d]])}, what every adaLN layer multiplies.
     *
     * @param time float {@code [S, C]}
     * @param table float {@code [classes, C]}
     * @param labels I32 {@code [D]}, each in 0..classes - 1 (the caller's duty; a label outside gives NaN)
     * @param out float {@code [S, D, C]}
     */
    void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out);

    // ---- a block

    /**
     * {@code out = activation(a W^T + bias)}.
     *
     * @param a the layer's dtype, {@code [.., inputs]}
     * @param out float {@code [.., outputs]}, with as many rows as {@code a}
     */
    void gemm(Tensor a, Linear layer, Activation activation, Tensor out);

    /**
     * {@code F = a W^T + bias; feature = F; x[r] += gate[r] * F}. The feature is stored before the gate, as the caches need it; x takes the unrounded F.
     *
     * @param a the layer's dtype, {@code [R, N, inputs]}
     * @param gate chunk of the modulation that is the gate
     * @param feature float {@code [R, N, outputs]}, or null to store none
     * @param x float {@code [R, N, outputs]}, updated in place
     */
    void gemmResidual(Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x);

    /**
     * {@code out = LN(x) (1 + scale) + shift}, LN without affine parameters over the last extent (mean, then biased variance around it).
     *
     * @param x float {@code [R, T, C]}, T any number of tokens
     * @param shift chunk of the modulation that is the shift
     * @param scale chunk that is the scale
     * @param epsilon added to the variance
     * @param out float {@code [R, T, C]}
     */
    void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out);

    /**
     * Prepares the queries and keys of {@link #attention} in place: QK-RMSNorm, then RoPE. A head's query q of d channels becomes {@code q / sqrt(mean(q^2) + epsilon) *
     * queryScale}; then each pair of neighbouring channels turns by the token's angles, {@code (q_2i, q_2i+1) = (cos q_2i - sin q_2i+1, sin q_2i + cos q_2i+1)}. A key likewise;
     * values stay as they are. Between norm and rotation nothing is rounded.
     *
     * <p>FLUX ({@code QKNorm}, {@code apply_rope}) normalises the text and the image tokens of a double block with scales of their own before both attend together: prepare each
     * stream's projection, with its part of the rotations, and then join them. Bytes: queries and keys once in and once out.
     *
     * @param qkv float {@code [R, N, 3 C]}, as attention takes it; d = C / heads
     * @param queryScale F32 {@code [d]}, or null, as the other, to normalise nothing
     * @param keyScale F32 {@code [d]}
     * @param epsilon added to the mean square; 1e-6 in FLUX
     * @param rotations F32 {@code [N, d / 2, 2]}, cosine and sine of each pair's angle, the same in all rows and heads, d even; or null to turn nothing, if there are scales
     */
    void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations);

    /**
     * Softmax attention within each row: per head, {@code softmax(Q K^T / sqrt(d)) V}, d = C / heads.
     *
     * @param qkv float {@code [R, N, 3 C]}: Q, K, V of a token one after the other, each ordered by head
     * @param out the same dtype, {@code [R, N, C]}, ordered by head
     */
    void attention(Tensor qkv, int heads, Tensor out);

    // ---- the Taylor ladder (TaylorSeer)

    /**
     * Puts a fresh feature into a ladder: {@code G_0 = F}, {@code G_{i+1} = (G_i - T_i) / LADDER_DIVISOR} for i + 1 &lt; LADDER_TERMS; then {@code T = G}. Planes from
     * LADDER_TERMS on are neither read nor written.
     *
     * @param feature float {@code [R, N, C]}; may be the ladder's plane 0 only if {@code LADDER_TERMS} is 1
     * @param ladder float {@code [order + 1, R, N, C]}, order + 1 at most {@link StepTable.Column#MAX_TERMS}
     */
    void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps);

    /**
     * Forecasts a module and adds it: {@code x[r] += gate[r] * sum_{i < TERMS} FACTOR_i * T_i[r]}. Planes from TERMS on are not read.
     *
     * @param ladder float {@code [order + 1, R, N, C]}
     * @param gate chunk of the modulation that is the gate
     * @param x float {@code [R, N, C]}, updated in place
     */
    void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x);

    /**
     * Forecasts all layers in one pass: {@link #forecastResidual} of attention and then of the MLP, layer after layer. Each plane is read once.
     *
     * @param x F32 {@code [R, N, C]}, updated in place
     */
    void forecastPass(CachedLayers layers, Tensor x);

    // ---- a cached ClusCa step in prefix order, which PrefixState tells

    /**
     * Makes order 0 of every MLP's ladder explicit where {@link PrefixState#retained} says so: {@code base = a base + U[label]}, a as the step before left it.
     *
     * @param layers their MLP ladders are updated in place
     */
    void prefixMaterialise(CachedLayers layers, PrefixState state);

    /**
     * {@code P_0 = x}, {@code P_{l+1} = P_l + g_a A_l(d) + g_m (a' base_l + M_l(d))}; {@code rows[l, r, k] = P_l + g_a A_l(d)} of the representatives, zeros where there is none; at
     * the end {@code x = P_L}. Planes from TERMS on are not read, nor base where a is 0.
     *
     * @param state its rows are wholly written
     * @param x F32 {@code [R, N, C]}: x_0, updated in place
     */
    void prefixPass(CachedLayers layers, PrefixState state, Tensor x);

    /**
     * {@code out[r, k] = rows[layer, r, k] + S[r, k] + corrections of earlier layers that had the same representative}: x before the layer's MLP. Zeros where there is no
     * representative.
     *
     * @param out F32 {@code [R, K, C]}
     */
    void prefixGather(PrefixState state, int layer, Tensor out);

    /**
     * Takes the representatives' fresh MLP outputs F: {@code U' = (1 - ratio) U + ratio F}; {@code S += g_m U'}; {@code rows[layer] = g_m (1 - ratio) (F - T0)}, the correction;
     * {@code base[representative] = (F - U) / a}, skipped where a is 0. Layers are refreshed in order; S is not read at layer 0. Clusters without a representative stay as they are.
     *
     * @param fresh float {@code [R, K, C]}
     * @param layers plane 0 of the layer's MLP ladder is updated in place
     * @param state rows, propagated and spread are updated in place
     */
    void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer);

    /**
     * {@code x = P_L + S[label] + corrections of all layers that had the token as representative}.
     *
     * @param x F32 {@code [R, N, C]}, updated in place
     */
    void prefixClose(PrefixState state, Tensor x);

    /**
     * {@link #ladderUpdate} of a layer's MLP with {@code T_0 = a base + U[label]}, labels and U being still the old ones; a as this step uses it.
     *
     * @param feature float {@code [R, N, C]}; may be plane 0 of the layer's MLP ladder only if {@code LADDER_TERMS} is 1
     * @param layers the layer's MLP ladder is updated in place
     */
    void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer);

    // ---- two operations in one, where a backend can
    //
    // What an epilogue can do while a product's sums are at hand. The defaults are the meaning; a working tensor holds
    // what passes from the first to the second, and its contents are undefined afterwards.

    /**
     * {@link #gemmResidual}, and {@link #ladderUpdate} with its feature.
     *
     * @param feature F32 {@code [R, N, outputs]}, working memory
     * @param ladder float {@code [order + 1, R, N, outputs]}, apart from the feature
     */
    default void gemmLadder(
            Tensor a, Linear layer, Modulation modulation, int gate, Tensor feature, Tensor ladder, Tensor x) {
        gemmResidual(a, layer, modulation, gate, feature, x);
        ladderUpdate(feature, ladder, modulation.steps());
    }

    /**
     * {@link #gemmResidual} of a layer's MLP, and {@link #prefixUpdate} with its feature.
     *
     * @param feature F32 {@code [R, N, outputs]}, working memory
     * @param index the layer, whose modulation, gate and ladder are those of {@code layers}
     */
    default void gemmPrefixUpdate(
            Tensor a, Linear layer, Tensor feature, CachedLayers layers, PrefixState state, int index, Tensor x) {
        gemmResidual(a, layer, layers.modulation(index), layers.mlpGate(), feature, x);
        prefixUpdate(feature, layers, state, index);
    }

    /**
     * {@link #prefixGather}, and {@link #layerNormModulate} of the rows.
     *
     * @param rows F32 {@code [R, K, C]}, working memory
     * @param out float {@code [R, K, C]}
     */
    default void prefixGatherNorm(
            PrefixState state,
            int layer,
            Modulation modulation,
            int shift,
            int scale,
            float epsilon,
            Tensor rows,
            Tensor out) {
        prefixGather(state, layer, rows);
        layerNormModulate(rows, modulation, shift, scale, epsilon, out);
    }

    /**
     * {@link #gemm} of representatives' rows without activation, and {@link #prefixRefresh} with the result.
     *
     * @param a the linear layer's dtype, {@code [R, K, inputs]}
     * @param fresh F32 {@code [R, K, C]}, working memory
     * @param layer the layer that is refreshed
     */
    default void gemmRefresh(Tensor a, Linear linear, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        gemm(a, linear, Activation.NONE, fresh);
        prefixRefresh(fresh, layers, state, layer);
    }

    /**
     * All layers of a cached step on the representatives' rows: for each {@link #prefixGatherNorm}, {@link #gemm} by its fc1 with a GELU, and {@link #gemmRefresh} by its fc2.
     * Where {@link Backend#hasPrefixChain} does not say that this is one kernel, the operations one by one are as fast, and a profile shows each.
     *
     * @param chain of as many layers as {@code layers} has, all of one dtype
     * @param layers plane 0 of the MLP ladders is updated in place
     * @param state rows, propagated and spread are updated in place
     * @param rows F32 {@code [R, K, C]}, working memory
     * @param normed of the chain's dtype, {@code [R, K, C]}, working memory
     * @param hidden of the chain's dtype, {@code [R, K, H]}, working memory
     * @param fresh F32 {@code [R, K, C]}, working memory
     */
    default void prefixChain(
            MlpChain chain,
            CachedLayers layers,
            PrefixState state,
            Tensor rows,
            Tensor normed,
            Tensor hidden,
            Tensor fresh) {
        chain.oneByOne(this, layers, state, rows, normed, hidden, fresh);
    }

    // ---- clusters (ClusCa)

    /**
     * Clusters each row's tokens: L1 assignment, mean update. Bits are the same on every backend: float32; a distance sums channel c into accumulator c mod 32 in
     * ascending order, then folds accumulators j and j + 16, 8, 4, 2, 1; ties go to the lower centroid; a mean sums tokens in token order and divides by their number;
     * an empty cluster's centroid is the zero vector. The labels are those of the last assignment. A distance that is NaN or infinite is never the least; a token with
     * no other has label 0.
     *
     * @param x float {@code [R, N, C]}, N at least K
     * @param centroids F32 {@code [R, K, C]}: where to start, and then the result
     * @param labels I32 {@code [R, N]}: result
     * @param iterations I32 {@code [R]}: result, the number of assignments made
     */
    void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations);

    /**
     * Draws the tokens that become a clustering's first centroids: {@code tokens[r, k]} is the token with the k-th largest draw of purpose FIRST_CENTROIDS, layer 0;
     * ties go to the lower token.
     *
     * @param count number of tokens N to draw from, at least K
     * @param tokens I32 {@code [R, K]}: result
     */
    void drawFirstTokens(Draws draws, int count, Tensor tokens);

    /**
     * Draws a representative for every cluster of every row, for all layers at once: the member with the largest draw of purpose REPRESENTATIVE, ties to the lower
     * token; -1 for an empty cluster.
     *
     * @param labels I32 {@code [R, N]}, each in 0..K - 1
     * @param representatives I32 {@code [L, R, K]}: result
     */
    void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives);

    /**
     * {@code rows[r, k] = x[r, index[r, k]]}; a row of zeros where the index is -1.
     *
     * @param x float {@code [R, N, C]}
     * @param index I32 {@code [R, K]}
     * @param rows float {@code [R, K, C]}
     */
    void gatherRows(Tensor x, Tensor index, Tensor rows);

    /**
     * {@code target[r, index[r, k]] = rows[r, k]}; nothing where the index is -1. Indices of a row differ from one another.
     *
     * @param rows float {@code [R, K, C]}
     * @param index I32 {@code [R, K]}
     * @param target float {@code [R, N, C]}, other rows unchanged
     */
    void scatterRows(Tensor rows, Tensor index, Tensor target);

    /**
     * Spreads each cluster's representative: {@code target[r, n] = ratio * sum_k rows[r, k] + (1 - ratio) * target[r, n]} over all k whose token {@code index[r, k]} has the label of token n. That
     * is one k as a rule, the cluster's own. The published code takes token 0 for a cluster without members, and then adds its row in the cluster that it belongs to. Tokens whose cluster
     * has no row, as where its index is -1, stay as they are.
     *
     * @param rows float {@code [R, K, C]}
     * @param index I32 {@code [R, K]}
     * @param labels I32 {@code [R, N]}
     * @param ratio the propagation ratio gamma, 0 to 1
     * @param target float {@code [R, N, C]}, updated in place
     */
    void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target);

    // ---- leaving the model

    /**
     * Puts patches back into images: the inverse of cutting, but a patch's elements are ordered row, column, channel (DiT, {@code unpatchify}).
     *
     * @param tokens float {@code [R, N, patch * patch * channels]}
     * @param images F32 {@code [R, channels, h, w]}
     */
    void unpatchify(Tensor tokens, int patch, Tensor images);

    /**
     * Classifier-free guidance in place: {@code e = u + scale (c - u)} for the first {@code channels} channels of conditional row b and unconditional row B + b, written to
     * both; the other channels stay.
     *
     * @param output F32 {@code [2 B, all channels, h, w]}
     * @param channels 3 in the published DiT, or all that predict noise
     */
    void guidance(Tensor output, float scale, int channels);

    /**
     * One DDIM update in place: {@code x0 = SAMPLE_TO_START x - NOISE_TO_START eps}; if {@code clip}, x0 is clamped to [-1, 1]; {@code e = (SAMPLE_TO_START x - x0) /
     * NOISE_TO_START}; {@code x = START_WEIGHT x0 + SECOND_WEIGHT e + NOISE_WEIGHT noise}.
     *
     * @param x F32 {@code [B, channels, h, w]}
     * @param output F32 {@code [R, c, h, w]}, R at least B, c at least channels: eps is the first channels of the first B rows
     * @param noise F32, the shape of x, or null if every NOISE_WEIGHT is 0; not read where that is 0
     */
    void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps);

    /**
     * One DDPM update with learned variance in place: x0 as in {@link #ddimUpdate}; {@code v} being the second {@code channels} channels of the output, {@code logVar = (v + 1) / 2
     * LOG_VARIANCE_MAX + (1 - v) / 2 LOG_VARIANCE_MIN}; {@code x = START_WEIGHT x0 + SECOND_WEIGHT x + NOISE_WEIGHT exp(logVar / 2) noise}.
     *
     * @param x F32 {@code [B, channels, h, w]}
     * @param output F32 {@code [R, c, h, w]}, R at least B, c at least 2 * channels
     * @param noise F32, the shape of x
     */
    void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps);

    // ---- housekeeping

    /** Converts between F32 and BF16, rounding to nearest even; equal types copy. Shapes are equal. */
    void cast(Tensor source, Tensor target);

    /** {@code cursor += 1}: the last operation of a step. */
    void advance(StepTable steps);

    // ---- an autoencoder's decoder: images with channels innermost
    //
    // Images come in and leave with channels outermost through the operations above: patchEmbed of single pixels is a
    // 1 x 1 convolution of such an image, unpatchify of single pixels puts one back.

    /**
     * A square convolution of stride 1 that keeps the extents, zeros lying around the image: {@code out[b, y, x] = sum over i, j of W[i, j] v[b, y + i - p, x + j - p] + bias +
     * residual[b, y, x]}. The size of the filter, 1 or 3, follows from the layer's inputs, size * size * C, which are ordered row i, column j, channel; p is 0 or 1.
     *
     * @param x the layer's dtype, {@code [B, h, w, C]}
     * @param doubled whether v is x enlarged to twice its extents, each pixel repeated (nearest neighbour), or x itself
     * @param residual float, the shape of out, or null to add none; may be out itself
     * @param out float {@code [B, h, w, outputs]}, or {@code [B, 2 h, 2 w, outputs]} if doubled
     */
    void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out);

    /**
     * Group normalisation, then an activation: {@code out = activation((x - mean) / sqrt(variance + epsilon) * weight[c] + bias[c])}, mean and biased variance over all pixels of
     * an image and the C / groups neighbouring channels of a group.
     *
     * @param x float {@code [B, h, w, C]}, C a multiple of groups
     * @param weight F32 {@code [C]}
     * @param bias F32 {@code [C]}
     * @param epsilon added to the variance, more than 0
     * @param activation NONE or SILU
     * @param out float, the shape of x; may be x itself
     */
    void groupNorm(Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out);
}
