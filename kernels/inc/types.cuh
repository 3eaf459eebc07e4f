// Element types and the two words that every device function carries.
#pragma once

#define DEV __device__ __forceinline__

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

// bfloat16: the upper half of a float32. A type of its own, so that cuda_bf16.h and its emulated arithmetic stay out.
struct Bf16 {
    u16 bits;
};

static constexpr float INFINITE = __builtin_huge_valf();
