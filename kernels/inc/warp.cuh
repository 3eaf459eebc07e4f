// What the 32 lanes of a warp do together.
#pragma once
#include "types.cuh"

static constexpr u32 ALL_LANES = 0xffffffffu;

DEV float exchange(float value, int laneMask) {
    float other;
    asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;" : "=f"(other) : "f"(value), "r"(laneMask));
    return other;
}

DEV u32 exchange(u32 value, int laneMask) {
    u32 other;
    asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(other) : "r"(value), "r"(laneMask));
    return other;
}

// The sum over the warp, in every lane: lanes 16, 8, 4, 2, 1 apart are added in turn.
DEV float warpSum(float value) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) {
        value = __fadd_rn(value, exchange(value, mask));
    }
    return value;
}

// Which lanes say yes.
DEV u32 lanesThat(bool yes) { return __ballot_sync(ALL_LANES, yes); }
