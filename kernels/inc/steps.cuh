// The step table: every scalar that changes from step to step, read at the cursor, so that one CUDA graph serves every step.
#pragma once
#include "memory.cuh"

// The columns of dev.clusca.backend.StepTable, in its order; a test compares the two.
enum Column {
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

static constexpr int MAX_TERMS = 5;

// The row of the table that is running.
struct Step {
    const float* row;

    __device__ __forceinline__ Step(const float* rows, const int* cursor) : row(rows + (i64)shared(cursor) * COLUMNS) {}

    __device__ __forceinline__ float operator[](int column) const { return shared(row + column); }

    // A number of terms; never more than the ladder has planes, so that a wrong table reads no foreign memory.
    __device__ __forceinline__ int terms(Column column, int planes) const { return min((int)(*this)[column], planes); }
};

// retained[step], [steps, 2]: the share of base in T0.
struct Retained {
    float before, now;
    __device__ __forceinline__ Retained(const float* retained, const int* cursor) {
        const float* row = retained + 2 * (i64)shared(cursor);
        before = shared(row);
        now = shared(row + 1);
    }
};

// The running step's modulations of batch row r: table[cursor, conditions[r], chunk, channel], the table being [steps, count, chunks, C].
template <class M>
DEV const M* modulations(const M* table, const int* conditions, const int* cursor, int r, int count, int chunks, int C) {
    return table + ((i64)shared(cursor) * count + shared(conditions + r)) * chunks * C;
}
