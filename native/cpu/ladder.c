/*
 * The Taylor ladder of TaylorSeer: its update after a full step and the forecast in a cached one. Both are one pass over the planes that the step uses; memory bounds
 * them. Bytes: update, feature + LADDER_TERMS planes read (the last is only written) and written; forecast, TERMS planes + 2 x.
 */
#include "ladder.h"

int KERNEL(ladder_update)(const void *feature, int feature_type, void *ladder, int ladder_type, int64_t planes, int64_t plane_elements,
        const struct steps *steps) {
    const float *row = step_row(steps);
    if (!row) {
        return CURSOR_OUTSIDE;
    }
    int64_t count = terms(row, LADDER_TERMS, planes);
    if (count == 0) {
        return TERMS_OUTSIDE;
    }
    int64_t piece = ladder_piece(plane_elements);
    float inverse = 1.0f / row[LADDER_DIVISOR];
#pragma omp parallel for schedule(dynamic, 1) if (plane_elements >= PARALLEL)
    for (int64_t at = 0; at < plane_elements; at += piece) {
        update_planes(feature, feature_type, at, ladder, ladder_type, at, plane_elements, count, inverse, 1, NULL, at_most(plane_elements - at, piece));
    }
    return OK;
}

int KERNEL(forecast_residual)(const void *ladder, int ladder_type, int64_t planes, int64_t R, int64_t N, int64_t C, const struct modulation *modulation, int gate,
        void *x, int x_type) {
    int status = modulation_status(modulation, R);
    if (status != OK) {
        return status;
    }
    const float *step = step_row(&modulation->steps);
    int64_t count = terms(step, TERMS, planes);
    if (count == 0) {
        return TERMS_OUTSIDE;
    }
#pragma omp parallel for SHARED if (R * N * C >= PARALLEL)
    for (int64_t row = 0; row < R * N; row++) {
        float buffer[CHUNK], gate_buffer[CHUNK], x_buffer[CHUNK];
        int64_t gate_at = modulation_at(modulation, row / N, gate, C);
        for (int64_t c = 0; c < C; c += CHUNK) {
            int64_t n = at_most(C - c, CHUNK);
            float sum[CHUNK];
            for (int64_t i = 0; i < count; i++) {
                const float *term = load(ladder, ladder_type, (i * R * N + row) * C + c, n, buffer);
                float factor = step[FACTOR_0 + i];
#pragma omp simd
                for (int64_t k = 0; k < n; k++) {
                    sum[k] = i == 0 ? factor * term[k] : sum[k] + factor * term[k];
                }
            }
            const float *g = load(modulation->table, (int)modulation->type, gate_at + c, n, gate_buffer);
            const float *old = load(x, x_type, row * C + c, n, x_buffer);
            float *target = place(x, x_type, row * C + c, x_buffer);
#pragma omp simd
            for (int64_t k = 0; k < n; k++) {
                target[k] = old[k] + g[k] * sum[k];
            }
            store(x, x_type, row * C + c, n, target);
        }
    }
    return OK;
}
