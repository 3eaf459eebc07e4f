// Approximate functions with their documented errors. CUDA's math library stays out: it brings tables, local memory and float64 with it.
#pragma once
#include "types.cuh"

// 1 / sqrt(x), relative error at most 2^-22.9.
DEV float inverseRoot(float x) {
    float y;
    asm("rsqrt.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// 2^x, relative error at most 2^-22.
DEV float powerOfTwo(float x) {
    float y;
    asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// exp(x), relative error at most 2^-22 + |x| 2^-24: 1e-6 for |x| < 16, 6e-6 where float32 ends.
DEV float exponential(float x) {
    float y;
    asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(x * 1.4426950408889634f));
    return y;
}

// tanh(x), absolute error at most 2^-10.987: for results that are rounded to bfloat16.
DEV float hyperbolicTangent(float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// x / (1 + exp(-x)).
DEV float silu(float x) { return __fdiv_rn(x, 1.f + exponential(-x)); }

// cos and sin of an angle in radians. It is reduced in whole circles, 1 / 2 pi being a sum of two floats, so that a large angle loses nothing; the polynomials on an eighth
// of a circle (Cephes) are within 1e-7.
DEV void circle(float radians, float& cosine, float& sine) {
    // Rounded whatever the compiler would rather do: what rounding took away is added again.
    const float turns = __fmul_rn(radians, 0.15915494f);
    const float rest = __fmaf_rn(radians, 0.15915494f, -turns) + radians * 6.4206383e-9f;
    const float part = __fsub_rn(turns, rintf(turns)) + rest;  // -1/2 .. 1/2, and a little beyond
    const float quarter = rintf(4.f * part);
    const float angle = (part - .25f * quarter) * 6.283185307179586f;
    const float square = angle * angle;
    const float s = angle + angle * square * (-1.6666654611e-1f + square * (8.3321608736e-3f + square * -1.9515295891e-4f));
    const float c = 1.f - .5f * square + square * square * (4.166664568298827e-2f + square * (-1.388731625493765e-3f + square * 2.443315711809948e-5f));
    const int q = (int)quarter & 3;
    const float x = q & 1 ? s : c, y = q & 1 ? c : s;
    cosine = q == 1 || q == 2 ? -x : x;
    sine = q & 2 ? -y : y;
}
