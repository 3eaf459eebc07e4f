/*
 * The kernels of the cpu backend. Matrix products are among them; oneDNN makes those in bfloat16 where the processor has AMX.
 *
 * Each family (one .c file) is compiled once for every level of the instruction set, with LEVEL set to the level's name; dispatch.c exports one function per
 * kernel and forwards it to the level that the processor has. All of it is plain C with the compiler's vector types, so one text serves every level.
 *
 * Common to all kernels:
 *  - A float tensor is a pointer and a type, F32 or BF16; other pointers have the type that they show. Layouts are dense and row-major, extents as in Ops.java.
 *  - They compute in float32 (the samplers in double) and round once, when storing. A multiplication and an addition become one rounding only where the text says
 *    fma (-ffp-contract=off), and sums run in 32 accumulators that are folded 16, 8, 4, 2, 1. So every level and every number of threads gives the same bits; but
 *    levels v4_bf16 and v4_amx multiply bfloat16 in pairs, which gives products, convolutions and attention in it other bits (and rounds attention's weights).
 *  - Threads share rows, tokens or channels, never a sum.
 *  - They return OK or say which input was wrong; outputs are then undefined.
 */
#ifndef CLUSCA_KERNELS_H
#define CLUSCA_KERNELS_H

#include <stdint.h>

enum type { F32 = 0, BF16 = 1 };

/* What a kernel returns; CpuKernelException.java has a sentence for each. */
enum status { OK = 0, CURSOR_OUTSIDE = 1, CONDITION_OUTSIDE = 2, INDEX_OUTSIDE = 3, TERMS_OUTSIDE = 4, NOISE_MISSING = 5 };

/* The columns of a step table's row, as StepTable.Column. */
enum column {
    STEP,
    TERMS,
    FACTOR_0,
    FACTOR_1,
    FACTOR_2,
    FACTOR_3,
    FACTOR_4,
    LADDER_TERMS,
    LADDER_DIVISOR,
    SAMPLE_TO_START,
    NOISE_TO_START,
    START_WEIGHT,
    SECOND_WEIGHT,
    NOISE_WEIGHT,
    LOG_VARIANCE_MIN,
    LOG_VARIANCE_MAX,
    COLUMNS
};

enum { MAX_TERMS = 5 };

/* The step table: `count` rows of COLUMNS scalars and the row in use. */
struct steps {
    const float *rows;
    int64_t count;
    const int32_t *cursor;
};

/* adaLN's shifts, scales and gates: a table [steps, distinct, chunks, C] and the condition of each batch row. */
struct modulation {
    const void *table;
    int64_t type;
    int64_t distinct;
    int64_t chunks;
    const int32_t *conditions;
    struct steps steps;
};

/* Random draws: Philox's key and what its counter holds beside token and layer. */
struct draws {
    int64_t seed;
    const int32_t *rows;
    int64_t stream;
    struct steps steps;
};

/* All layers' ladders [L, planes, R, N, C], and their modulations: that of layer 0, the tables of the others `table_stride` elements apart. */
struct layers {
    const void *attention;
    void *mlp;
    int64_t type;
    int64_t planes;
    int64_t L, R, N, C;
    int64_t attention_gate;
    int64_t mlp_gate;
    int64_t table_stride;
    struct modulation modulation;
};

/* PrefixState of Ops.java. */
struct prefix {
    const int32_t *labels;
    const int32_t *representatives;
    const float *retained;
    float *rows;
    float *propagated;
    float *spread;
    int64_t L, R, N, K, C;
    double ratio;
};

/* Every kernel: name, parameters, and the parameters' names. Pointers to structs are read before the call returns. */
#define CLUSCA_KERNELS(K)                                                                                                                                      \
    K(patch_embed,                                                                                                                                             \
      (const float *images, int64_t image_count, int64_t channels, int64_t height, int64_t width, const void *weight, int weight_type, const void *bias,       \
       int bias_type, const float *positions, int64_t patch, void *x, int x_type, int64_t R, int64_t C, float *scratch),                                       \
      (images, image_count, channels, height, width, weight, weight_type, bias, bias_type, positions, patch, x, x_type, R, C, scratch))                        \
    K(timestep_features, (const float *timesteps, int64_t S, int shift, void *out, int out_type, int64_t F), (timesteps, S, shift, out, out_type, F))          \
    K(conditioning,                                                                                                                                            \
      (const void *time, int time_type, int64_t S, const void *table, int table_type, int64_t classes, const int32_t *labels, int64_t D, void *out,            \
       int out_type, int64_t C),                                                                                                                               \
      (time, time_type, S, table, table_type, classes, labels, D, out, out_type, C))                                                                           \
    K(pack_weights, (const void *weight, int weight_type, int64_t N, int64_t K, void *packed, int type), (weight, weight_type, N, K, packed, type))            \
    K(multiply,                                                                                                                                                \
      (const void *a, int64_t M, int64_t K, const void *packed, int type, const float *bias, int64_t N, int activation, void *out, int out_type, float *room), \
      (a, M, K, packed, type, bias, N, activation, out, out_type, room))                                                                                       \
    K(multiply_residual,                                                                                                                                       \
      (const void *a, int64_t R, int64_t tokens, int64_t K, const void *packed, int type, const float *bias, int64_t N,                                        \
       const struct modulation *modulation, int gate, void *feature, int feature_type, void *x, int x_type, float *room),                                      \
      (a, R, tokens, K, packed, type, bias, N, modulation, gate, feature, feature_type, x, x_type, room))                                                      \
    K(attention, (const void *qkv, int qkv_type, int64_t R, int64_t N, int64_t H, int64_t d, void *out, int out_type, float *scratch),                         \
      (qkv, qkv_type, R, N, H, d, out, out_type, scratch))                                                                                                     \
    K(layer_norm_modulate,                                                                                                                                     \
      (const void *x, int x_type, int64_t R, int64_t T, int64_t C, const struct modulation *modulation, int shift, int scale, float epsilon, void *out,        \
       int out_type),                                                                                                                                          \
      (x, x_type, R, T, C, modulation, shift, scale, epsilon, out, out_type))                                                                                  \
    K(qk_norm_rope,                                                                                                                                            \
      (void *qkv, int qkv_type, int64_t R, int64_t N, int64_t H, int64_t d, const float *query_scale, const float *key_scale, float epsilon,                   \
       const float *rotations),                                                                                                                                \
      (qkv, qkv_type, R, N, H, d, query_scale, key_scale, epsilon, rotations))                                                                                 \
    K(gate_residual,                                                                                                                                           \
      (const float *f, int64_t first, int64_t count, int64_t R, int64_t N, int64_t C, const struct modulation *modulation, int gate, void *feature,            \
       int feature_type, void *x, int x_type),                                                                                                                 \
      (f, first, count, R, N, C, modulation, gate, feature, feature_type, x, x_type))                                                                          \
    K(softmax, (float *scores, int64_t rows, int64_t n, float scale, void *out, int out_type), (scores, rows, n, scale, out, out_type))                        \
    K(convolve,                                                                                                                                                \
      (const void *x, int64_t B, int64_t height, int64_t width, int64_t C, int64_t size, int doubled, const void *packed, int type,                            \
       const float *bias, const void *residual, int residual_type, int64_t N, void *out, int out_type, float *window),                                         \
      (x, B, height, width, C, size, doubled, packed, type, bias, residual, residual_type, N, out, out_type, window))                                          \
    K(unfold,                                                                                                                                                  \
      (const void *x, int type, int64_t height, int64_t width, int64_t C, int64_t size, int doubled, int64_t first, int64_t count, void *rows),                \
      (x, type, height, width, C, size, doubled, first, count, rows))                                                                                          \
    K(add_residual, (const float *f, const void *residual, int residual_type, void *out, int out_type, int64_t elements),                                      \
      (f, residual, residual_type, out, out_type, elements))                                                                                                   \
    K(group_norm,                                                                                                                                              \
      (const void *x, int x_type, int64_t B, int64_t P, int64_t C, int64_t groups, const float *weight, const float *bias, float epsilon, int activation,      \
       void *out, int out_type, void *scratch),                                                                                                                \
      (x, x_type, B, P, C, groups, weight, bias, epsilon, activation, out, out_type, scratch))                                                                 \
    K(ladder_update,                                                                                                                                           \
      (const void *feature, int feature_type, void *ladder, int ladder_type, int64_t planes, int64_t plane_elements, const struct steps *steps),               \
      (feature, feature_type, ladder, ladder_type, planes, plane_elements, steps))                                                                             \
    K(forecast_residual,                                                                                                                                       \
      (const void *ladder, int ladder_type, int64_t planes, int64_t R, int64_t N, int64_t C, const struct modulation *modulation, int gate, void *x,           \
       int x_type),                                                                                                                                            \
      (ladder, ladder_type, planes, R, N, C, modulation, gate, x, x_type))                                                                                     \
    K(forecast_pass, (const struct layers *layers, float *x), (layers, x))                                                                                     \
    K(prefix_materialise, (const struct layers *layers, const struct prefix *prefix), (layers, prefix))                                                        \
    K(prefix_pass, (const struct layers *layers, const struct prefix *prefix, float *x), (layers, prefix, x))                                                  \
    K(prefix_gather, (const struct prefix *prefix, int64_t layer, float *out), (prefix, layer, out))                                                           \
    K(prefix_refresh, (const void *fresh, int fresh_type, const struct layers *layers, const struct prefix *prefix, int64_t layer),                            \
      (fresh, fresh_type, layers, prefix, layer))                                                                                                              \
    K(prefix_close, (const struct prefix *prefix, float *x), (prefix, x))                                                                                      \
    K(prefix_update, (const void *feature, int feature_type, const struct layers *layers, const struct prefix *prefix, int64_t layer),                         \
      (feature, feature_type, layers, prefix, layer))                                                                                                          \
    K(k_means,                                                                                                                                                 \
      (const void *x, int x_type, int64_t R, int64_t N, int64_t C, int64_t K, int max_iterations, float relative, float absolute, int together,                \
       float *centroids, int32_t *labels, int32_t *iterations, void *scratch),                                                                                 \
      (x, x_type, R, N, C, K, max_iterations, relative, absolute, together, centroids, labels, iterations, scratch))                                           \
    K(draw_first_tokens, (const struct draws *draws, int64_t R, int64_t N, int64_t K, int32_t *tokens), (draws, R, N, K, tokens))                              \
    K(draw_representatives,                                                                                                                                    \
      (const struct draws *draws, const int32_t *labels, int64_t L, int64_t R, int64_t N, int64_t K, int32_t *representatives),                                \
      (draws, labels, L, R, N, K, representatives))                                                                                                            \
    K(gather_rows,                                                                                                                                             \
      (const void *x, int x_type, const int32_t *index, void *rows, int rows_type, int64_t R, int64_t N, int64_t K, int64_t C),                                \
      (x, x_type, index, rows, rows_type, R, N, K, C))                                                                                                         \
    K(scatter_rows,                                                                                                                                            \
      (const void *rows, int rows_type, const int32_t *index, void *target, int target_type, int64_t R, int64_t N, int64_t K, int64_t C),                      \
      (rows, rows_type, index, target, target_type, R, N, K, C))                                                                                               \
    K(propagate,                                                                                                                                               \
      (const void *rows, int rows_type, const int32_t *index, const int32_t *labels, float ratio, void *target, int target_type, int64_t R, int64_t N,         \
       int64_t K, int64_t C),                                                                                                                                  \
      (rows, rows_type, index, labels, ratio, target, target_type, R, N, K, C))                                                                                \
    K(cast, (const void *source, int source_type, void *target, int target_type, int64_t elements), (source, source_type, target, target_type, elements))      \
    K(unpatchify,                                                                                                                                              \
      (const void *tokens, int tokens_type, int64_t patch, float *images, int64_t R, int64_t channels, int64_t height, int64_t width),                         \
      (tokens, tokens_type, patch, images, R, channels, height, width))                                                                                        \
    K(guidance, (float *output, int64_t B, int64_t all_channels, int64_t pixels, float scale, int64_t channels),                                               \
      (output, B, all_channels, pixels, scale, channels))                                                                                                      \
    K(ddim_update,                                                                                                                                             \
      (float *x, const float *output, const float *noise, int clip, int64_t B, int64_t channels, int64_t output_channels, int64_t pixels,                      \
       const struct steps *steps),                                                                                                                             \
      (x, output, noise, clip, B, channels, output_channels, pixels, steps))                                                                                   \
    K(ddpm_update,                                                                                                                                             \
      (float *x, const float *output, const float *noise, int clip, int64_t B, int64_t channels, int64_t output_channels, int64_t pixels,                      \
       const struct steps *steps),                                                                                                                             \
      (x, output, noise, clip, B, channels, output_channels, pixels, steps))                                                                                   \
    K(multiply_adds, (int64_t rounds, int type, double *result), (rounds, type, result))                                                                       \
    K(sum, (const float *data, int64_t elements, double *result), (data, elements, result))                                                                    \
    K(negate, (float *data, int64_t elements), (data, elements))

/* One level's kernels. */
struct kernels {
    const char *level;
#define CLUSCA_MEMBER(name, parameters, arguments) int(*name) parameters;
    CLUSCA_KERNELS(CLUSCA_MEMBER)
#undef CLUSCA_MEMBER
};

#endif
