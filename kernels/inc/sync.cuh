// What the blocks of one grid tell each other. The grid must be resident as a whole: a cooperative launch, or one block.
#pragma once
#include "types.cuh"

DEV u32 acquired(const u32* p) {
    u32 value;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(p) : "memory");
    return value;
}

// What other blocks may be changing right now; nothing else is ordered by it.
DEV u32 current(const u32* p) {
    u32 value;
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(p) : "memory");
    return value;
}

DEV u32 addReleased(u32* p, u32 value) {
    u32 old;
    asm volatile("atom.add.acq_rel.gpu.global.u32 %0, [%1], %2;" : "=r"(old) : "l"(p), "r"(value) : "memory");
    return old;
}

// Waits until every block has come here as often as this one: `arrived` counts all arrivals, `round` this block's. What any thread wrote before is seen by all after.
DEV void gridBarrier(u32* arrived, u32& round) {
    __syncthreads();
    round++;
    if (threadIdx.x == 0) {
        addReleased(arrived, 1);
        while (acquired(arrived) < round * gridDim.x) {
        }
    }
    __syncthreads();
}

// Whether this block is the last of those with its blockIdx.x, of which blockIdx.y tells the others: what any of them wrote before is seen by the last. Leaves `arrived`, [gridDim.x], as it was.
// `last` is shared memory of the caller: memory of this function's own would belong to every kernel of the family.
DEV bool lastOfColumn(u32* arrived, int& last) {
    __syncthreads();
    if (threadIdx.x == 0) {
        last = addReleased(arrived + blockIdx.x, 1) == gridDim.y - 1;
        if (last) {
            arrived[blockIdx.x] = 0;
        }
    }
    __syncthreads();
    return last;
}

// Whether this block is the last to leave; it may then reset what the grid shared.
DEV bool lastToLeave(u32* left) {
    __syncthreads();
    return threadIdx.x == 0 && addReleased(left, 1) == gridDim.x - 1;
}
