// Philox4x32-10 (Salmon et al., SC 2011), as dev.clusca.random.Philox computes it: word 0 is the draw that ranks tokens.
#pragma once
#include "types.cuh"

// What a draw is for: dev.clusca.random.Purpose, the top byte of the counter's last word; a test compares the two.
enum Purpose { INITIAL_NOISE, STEP_NOISE, FIRST_CENTROIDS, REPRESENTATIVE };

DEV u32 draw(u64 seed, u32 c0, u32 c1, u32 c2, u32 c3) {
    u32 k0 = (u32)seed;
    u32 k1 = (u32)(seed >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const u64 p0 = (u64)0xD2511F53u * c0;
        const u64 p1 = (u64)0xCD9E8D57u * c2;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c1 = (u32)p1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c0;
}
