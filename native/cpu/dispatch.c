/*
 * What the library exports: each kernel as clusca_cpu_<name>, at the fastest level that the processor and the operating system have: v3 (AVX2, FMA), v4 (AVX-512),
 * named as x86-64's levels are, or v4_bf16 and v4_amx, which multiply bfloat16 as well, in vectors and in tiles. The choice holds for the process; clusca_cpu_select makes another, for tests, and
 * clusca_cpu_select_in_thread one for the kernels that its thread calls.
 */
#define _DEFAULT_SOURCE /* for syscall */

#include "attention.h"
#include "decoder.h"
#include "kernels.h"

#include <omp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern const struct kernels kernels_v3;
extern const struct kernels kernels_v4;
extern const struct kernels kernels_v4_bf16;
extern const struct kernels kernels_v4_amx;

static const struct kernels *active;

/* What this thread chose for itself, if it did. */
static _Thread_local const struct kernels *own;

static int has_v3(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static int has_v4(void) {
    return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int has_v4_bf16(void) {
    return has_v4() && __builtin_cpu_supports("avx512bf16");
}

/* Linux lets a process use the registers of AMX, 8 KB that are saved when threads are switched, once it has asked. */
static int has_v4_amx(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return has_v4_bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16")
            && syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

/* AMD's processors multiply bfloat16 in vectors twice as fast as float32; Intel's take four times as long for an instruction, which does twice the work. */
__attribute__((constructor)) static void choose(void) {
    __builtin_cpu_init();
    active = has_v4_amx() ? &kernels_v4_amx : has_v4_bf16() && __builtin_cpu_is("amd") ? &kernels_v4_bf16 : has_v4() ? &kernels_v4 : has_v3() ? &kernels_v3 : NULL;
}

static const struct kernels *in_use(void) {
    return own ? own : active;
}

/* The level that this thread uses; "" if the processor has none of ours, and then no kernel may be called. */
EXPORT const char *clusca_cpu_level(void) {
    return in_use() ? in_use()->level : "";
}

/* A level by name, or NULL if the processor does not have it. */
static const struct kernels *find(const char *level) {
    if (strcmp(level, "v4_amx") == 0 && has_v4_amx()) {
        return &kernels_v4_amx;
    }
    if (strcmp(level, "v4_bf16") == 0 && has_v4_bf16()) {
        return &kernels_v4_bf16;
    }
    if (strcmp(level, "v4") == 0 && has_v4()) {
        return &kernels_v4;
    }
    return strcmp(level, "v3") == 0 && has_v3() ? &kernels_v3 : NULL;
}

/* Uses a level wherever a thread has not chosen for itself. 0, or 1 if the processor does not have it. */
EXPORT int clusca_cpu_select(const char *level) {
    const struct kernels *found = find(level);
    active = found ? found : active;
    return !found;
}

/* Uses a level for what this thread calls. 0, or 1 if the processor does not have it. */
EXPORT int clusca_cpu_select_in_thread(const char *level) {
    const struct kernels *found = find(level);
    own = found ? found : own;
    return !found;
}

/* Number of threads that kernels and oneDNN use when called from this thread: they share one OpenMP runtime. */
EXPORT void clusca_cpu_set_threads(int threads) {
    omp_set_num_threads(threads);
}

/* Bytes of scratch memory that k_means needs when called from this thread. */
EXPORT int64_t clusca_cpu_k_means_scratch(int64_t R, int64_t K, int64_t C) {
    return (R * K * C + omp_get_max_threads() * C) * (int64_t)sizeof(float) + (R * K + 2 * R) * (int64_t)sizeof(int32_t);
}

/* Bytes of scratch memory that attention needs when called from this thread. */
EXPORT int64_t clusca_cpu_attention_scratch(int64_t N, int64_t d) {
    return omp_get_max_threads() * attention_room(N, d).all * (int64_t)sizeof(float);
}

/* Bytes of scratch memory that convolve needs when called from this thread: shared products of every thread, then the window. */
EXPORT int64_t clusca_cpu_convolve_scratch(int64_t height, int64_t width, int64_t C, int64_t size) {
    return (int64_t)omp_get_max_threads() * SHARED_WORDS * (int64_t)sizeof(float) + convolution_window(height, width, C, size);
}

/* Bytes of scratch memory that group_norm needs. */
EXPORT int64_t clusca_cpu_group_norm_scratch(int64_t B, int64_t P, int64_t C, int64_t groups) {
    return group_norm_room(B, P, C, groups);
}

#define CLUSCA_EXPORT(name, parameters, arguments)                                                                                                             \
    EXPORT int clusca_cpu_##name parameters;                                                                                                                   \
    int clusca_cpu_##name parameters {                                                                                                                         \
        return in_use()->name arguments;                                                                                                                       \
    }
CLUSCA_KERNELS(CLUSCA_EXPORT)
