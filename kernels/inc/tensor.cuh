// The tensor cores' product of one warp, and how clusca reads its operands.
#pragma once
#include "types.cuh"

// c += a b, a 16 x 16 (rows by k) and b 16 x 8 (k by columns) of bfloat16, c in float32. With g = lane / 4 and t = lane % 4 a lane holds a[g][2t..], a[g + 8][2t..],
// a[g][2t + 8..], a[g + 8][2t + 8..]; b[2t..][g], b[2t + 8..][g]; c[g][2t], c[g][2t + 1], c[g + 8][2t], c[g + 8][2t + 1]; `..` being two neighbours along k.
//
// The order of k is free as long as a and b agree. So clusca's products take 32 k at once, of which a lane holds the eight neighbours 8t..8t + 7: one 16-byte piece of a line, whose
// first two words serve a first product and whose last two a second. A warp's piece of 8 lines is 512 consecutive bytes, read without a bank conflict, and no ldmatrix is needed.
DEV void mma(float (&c)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// 32 k of 16 rows and 8 columns: `upper` are the pieces of rows 0 to 7, `lower` of rows 8 to 15, `columns` of the columns.
DEV void mma32(float (&c)[4], uint4 upper, uint4 lower, uint4 columns) {
    mma(c, upper.x, lower.x, upper.y, lower.y, columns.x, columns.y);
    mma(c, upper.z, lower.z, upper.w, lower.w, columns.z, columns.w);
}
