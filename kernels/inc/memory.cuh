// Loads and stores of V elements as float32, whatever their type. V = 4 moves 16 bytes of f32 or 8 of bf16 an instruction, so that a warp fills whole sectors with either;
// V = 1 takes any element-aligned address.
//
//   streamed  read once, by this kernel alone:   no L1 allocation, whole 256-byte lines into L2
//   shared    read by many threads:              ordinary read-only path, stays in L1
//   load      may be written by this kernel:     ordinary load
#pragma once
#include "types.cuh"

// A kernel takes its vector path when every address it will form is a multiple of 16 bytes; the test is the same for all threads.
DEV bool aligned(const void* a) { return ((u64)a & 15) == 0; }
template <class... P>
DEV bool aligned(const void* a, P... more) { return aligned(a) && aligned(more...); }

// ---- bfloat16

DEV float widen(u16 bits) { return __uint_as_float((u32)bits << 16); }

// Two floats rounded to nearest even, `low` in the lower half; a NaN stays one.
DEV u32 pack(float low, float high) {
    u32 both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

DEV void unpack(u32 both, float& low, float& high) {
    low = __uint_as_float(both << 16);
    high = __uint_as_float(both & 0xffff0000u);
}

// ---- read-only data

// Volatile, although the data do not change: a load that the compiler takes for a pure function may be moved in front of the test that guards it.
#define CLUSCA_STREAMED ".L1::no_allocate.L2::256B"

DEV void streamed(const float* p, float (&v)[4]) {
    asm volatile("ld.global.nc" CLUSCA_STREAMED ".v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3]) : "l"(p));
}
DEV void streamed(const Bf16* p, float (&v)[4]) {
    u32 a, b;
    asm volatile("ld.global.nc" CLUSCA_STREAMED ".v2.u32 {%0, %1}, [%2];" : "=r"(a), "=r"(b) : "l"(p));
    unpack(a, v[0], v[1]);
    unpack(b, v[2], v[3]);
}
// 16 bytes as they are.
DEV uint4 streamedWords(const void* p) {
    uint4 v;
    asm volatile("ld.global.nc" CLUSCA_STREAMED ".v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}
#undef CLUSCA_STREAMED

// Neighbouring threads read neighbouring elements, several of them the same sector: it must stay in L1.
DEV void streamed(const float* p, float (&v)[1]) { v[0] = __ldg(p); }
DEV void streamed(const Bf16* p, float (&v)[1]) { v[0] = widen(__ldg(&p->bits)); }

DEV void shared(const float* p, float (&v)[4]) {
    const float4 a = __ldg((const float4*)p);
    v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
}
DEV void shared(const Bf16* p, float (&v)[4]) {
    const uint2 a = __ldg((const uint2*)p);
    unpack(a.x, v[0], v[1]);
    unpack(a.y, v[2], v[3]);
}
DEV uint4 sharedWords(const void* p) { return __ldg((const uint4*)p); }
DEV float shared(const float* p) { return __ldg(p); }
DEV float shared(const Bf16* p) { return widen(__ldg(&p->bits)); }
DEV int shared(const int* p) { return __ldg(p); }
template <class T>
DEV void shared(const T* p, float (&v)[1]) {
    v[0] = shared(p);
}

// ---- data that this kernel writes as well

DEV void load(const Bf16* p, float (&v)[4]) {
    const uint2 a = *(const uint2*)p;
    unpack(a.x, v[0], v[1]);
    unpack(a.y, v[2], v[3]);
}
DEV void load(const float* p, float (&v)[4]) {
    const float4 a = *(const float4*)p;
    v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
}
DEV void load(const float* p, float (&v)[1]) { v[0] = *p; }
DEV void load(const Bf16* p, float (&v)[1]) { v[0] = widen(p->bits); }

// ---- stores to global memory: rounded once

// Written out because the compiler takes some vector stores apart.
DEV void store(float* p, const float (&v)[4]) {
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(p), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3]) : "memory");
}
DEV void store(Bf16* p, const float (&v)[4]) {
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(p), "r"(pack(v[0], v[1])), "r"(pack(v[2], v[3])) : "memory");
}
DEV void store(float* p, const float (&v)[1]) { *p = v[0]; }
DEV void store(Bf16* p, const float (&v)[1]) { p->bits = (u16)pack(v[0], 0.f); }

// ---- what will be asked for

// Brings a line to L2.
DEV void prefetch(const void* p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }
