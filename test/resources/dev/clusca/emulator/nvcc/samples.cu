// Kernels that a compiler has seen: nvcc -ptx -arch=compute_80 samples.cu. Their PTX is checked in; the tests need no nvcc.
#include <cooperative_groups.h>
#include <cuda_bf16.h>
#include <cstdint>

// y = a x + y.
extern "C" __global__ void __launch_bounds__(128) saxpy(const float* __restrict__ x, float* y, float a, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}

// LayerNorm with scale and shift of bf16 rows of C numbers, one block a row; sums through shuffles and shared memory.
extern "C" __global__ void layer_norm(const __nv_bfloat162* x, const float* shift, const float* scale, __nv_bfloat162* y, int C) {
    __shared__ float sums[8], squares[8];
    const __nv_bfloat162* row = x + (size_t)blockIdx.x * C / 2;
    float s = 0, q = 0;
    for (int c = threadIdx.x; c < C / 2; c += blockDim.x) {
        float2 v = __bfloat1622float2(row[c]);
        s += v.x + v.y;
        q += v.x * v.x + v.y * v.y;
    }
    for (int o = 16; o; o >>= 1) {
        s += __shfl_xor_sync(~0u, s, o);
        q += __shfl_xor_sync(~0u, q, o);
    }
    if ((threadIdx.x & 31) == 0) {
        sums[threadIdx.x >> 5] = s;
        squares[threadIdx.x >> 5] = q;
    }
    __syncthreads();
    s = q = 0;
    for (int i = 0; i < blockDim.x / 32; i++) {
        s += sums[i];
        q += squares[i];
    }
    float mean = s / C, r = rsqrtf(q / C - mean * mean + 1e-6f);
    for (int c = threadIdx.x; c < C / 2; c += blockDim.x) {
        float2 v = __bfloat1622float2(row[c]);
        y[(size_t)blockIdx.x * C / 2 + c] = __floats2bfloat162_rn(
            (v.x - mean) * r * (1 + scale[2 * c]) + shift[2 * c], (v.y - mean) * r * (1 + scale[2 * c + 1]) + shift[2 * c + 1]);
    }
}

// C = A B^T of bf16, 16 rows a warp and 8 columns, through cp.async, ldmatrix and mma.sync.
__device__ __forceinline__ uint32_t smem(const void* p) { return (uint32_t)__cvta_generic_to_shared(p); }
extern "C" __global__ void gemm(const __nv_bfloat16* A, const __nv_bfloat16* B, float* C, int M, int K) {
    __shared__ __align__(16) __nv_bfloat16 as[16 * 24], bs[8 * 24];
    float acc[4] = {0, 0, 0, 0};
    int lane = threadIdx.x, row = blockIdx.x * 16 + lane / 2;
    for (int k = 0; k < K; k += 16) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0],[%1],16,%2;" ::"r"(smem(as + (lane / 2) * 24 + (lane & 1) * 8)),
                     "l"(A + row * K + k + (lane & 1) * 8), "r"(row < M ? 16 : 0));
        if (lane < 16)
            asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::"r"(smem(bs + (lane / 2) * 24 + (lane & 1) * 8)),
                         "l"(B + (lane / 2) * K + k + (lane & 1) * 8));
        asm volatile("cp.async.commit_group;");
        asm volatile("cp.async.wait_group 0;");
        __syncthreads();
        uint32_t a0, a1, a2, a3, b0, b1;
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
                     : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3) : "r"(smem(as + (lane % 16) * 24 + (lane / 16) * 8)));
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1},[%2];"
                     : "=r"(b0), "=r"(b1) : "r"(smem(bs + (lane % 8) * 24 + ((lane / 8) & 1) * 8)));
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
                     : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3]) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
        __syncthreads();
    }
    int r = blockIdx.x * 16 + lane / 4, c = (lane % 4) * 2;
    if (r < M) *(float2*)(C + r * 8 + c) = make_float2(acc[0], acc[1]);
    if (r + 8 < M) *(float2*)(C + (r + 8) * 8 + c) = make_float2(acc[2], acc[3]);
}

// The CUDA math library, a constant table, a local array, 64-bit and f64 arithmetic: forms that our own kernels avoid.
__constant__ float table[4] = {1, 2, 4, 8};
extern "C" __global__ void mathematics(float* f, long long* l, double* d, int n) {
    int t = threadIdx.x;
    float x = f[t], a[8];
    for (int i = 0; i < 8; i++) a[i] = f[t] * i;
    f[t] = expf(x) + logf(x + 2) + tanhf(x) + powf(x + 1, 2.5f) + sinf(x * 1e6f) + cosf(x) + erff(x) + a[n & 7] + table[n & 3]
         + roundf(x) + copysignf(x, -x) + fmodf(x, 0.3f);
    l[t] = l[t] / n + l[t] % 3 + (long long)x + __popcll(l[t]) + __ffsll(l[t]);
    d[t] = d[t] * x + sqrt(d[t]) + exp(-d[t]);
}

// Atomics of all kinds and the usual helpers.
extern "C" __global__ void helpers(int* p, unsigned* q, int n) {
    int t = threadIdx.x, v = p[t];
    unsigned b = __ballot_sync(~0u, v > 0), m = __match_any_sync(~0u, v), r = __reduce_add_sync(~0u, v);
    atomicAdd(p + n, v);
    atomicMin(p + n + 1, v);
    atomicMax(q + n, (unsigned)v);
    q[t] = b ^ m ^ r ^ __popc(v) ^ __clz(v) ^ __brev(v) ^ __ffs(v) ^ __byte_perm(v, b, 0x3210 + t) ^ __funnelshift_l(v, b, t)
         ^ __umulhi(v, b) ^ __mulhi(v, t) ^ __shfl_down_sync(~0u, v, 3) ^ __shfl_up_sync(~0u, v, 3, 8);
    if (v == 123456) __trap();
    __nanosleep(20);
    __threadfence();
    __syncwarp();
    p[t] = __syncthreads_count(v > 3);
}

// Blocks that wait for each other, and eight lanes that work beside eight others.
namespace cg = cooperative_groups;
extern "C" __global__ void groups(int* p) {
    auto grid = cg::this_grid();
    int rank = grid.thread_rank(), size = grid.size();
    p[rank] = rank;
    grid.sync();
    int other = p[(rank + 64) % size];
    grid.sync();
    auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    p[rank] = 10 * other + tile.any(other % 13 == 0) + 100000 * tile.shfl_xor(rank % 8, 5);
}

// A structure as parameter, read at an index known only at run time.
struct Weights { int a; float w[6]; long long c; };
extern "C" __global__ void structure(Weights p, float* out, int i) { out[threadIdx.x] = p.w[(i + threadIdx.x) % 6] + p.a + p.c; }

// One pointer to shared or local memory.
extern "C" __global__ void generic(float* out, int n) {
    __shared__ float s[128];
    float l[4];
    float* q = n ? s + threadIdx.x * 4 : l;
    for (int i = 0; i < 4; i++) q[i] = n * i + threadIdx.x;
    out[threadIdx.x] = q[n & 3];
}

// Arithmetic on pairs of bf16.
extern "C" __global__ void pairs(const __nv_bfloat162* a, const __nv_bfloat162* b, __nv_bfloat162* out) {
    int t = threadIdx.x;
    out[t] = __hfma2(a[t], b[t], __hmax2(a[t], __hneg2(b[t])));
}
