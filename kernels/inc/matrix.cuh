// Products of small bf16 matrices by one warp: mma.sync on fragments, and the loads that fill fragments from shared memory. Lane l is row g = l / 4 and column pair t = l % 4.
//
//   left operand   16 x 16: a[0] has (g, 2t..), a[1] (g + 8, 2t..), a[2] (g, 2t + 8..), a[3] (g + 8, 2t + 8..);  16 x 8: the first two
//   right operand  16 x 8:  b0 has (2t.., g), b1 (2t + 8.., g);  8 x 8: b0
//   result         16 x 8:  c[0], c[1] have (g, 2t..), c[2], c[3] (g + 8, 2t..): two results beside each other, rounded, are a left operand
//
// All 32 lanes come to each of these.
#pragma once
#include "types.cuh"

// Volatile: a product that only one side of a branch uses must not be moved there.

DEV void mma(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

DEV void mma(float (&c)[4], const u32 (&a)[2], u32 b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b));
}

// 32 k at once: the order of k is free as long as both operands agree, so lane t holds the eight neighbours 8t .. 8t + 7 of a line, one 16-byte piece whose first two words serve
// one product and whose last two another. A warp's pieces of 8 lines of 64 bytes are 512 consecutive bytes, read without a bank conflict and without ldmatrix. `upper` are the
// pieces of rows 0 to 7, `lower` of rows 8 to 15, `columns` of the columns.
DEV void mma32(float (&c)[4], uint4 upper, uint4 lower, uint4 columns) {
    const u32 first[4] = {upper.x, lower.x, upper.y, lower.y}, second[4] = {upper.z, lower.z, upper.w, lower.w};
    mma(c, first, columns.x, columns.y);
    mma(c, second, columns.z, columns.w);
}

// Loads 8 x 8 matrices: lanes 8i .. 8i + 7 point to the rows of matrix i, 16 bytes each. A lane gets (g, 2t..) of each matrix, or of its transpose (2t.., g).

DEV void loadMatrices(u32 (&m)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
                 : "r"((u32)__cvta_generic_to_shared(row))
                 : "memory");
}

DEV void loadMatrices(u32 (&m)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(m[0]), "=r"(m[1])
                 : "r"((u32)__cvta_generic_to_shared(row))
                 : "memory");
}

DEV void loadTransposed(u32 (&m)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
                 : "r"((u32)__cvta_generic_to_shared(row))
                 : "memory");
}

DEV void loadTransposed(u32 (&m)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(m[0]), "=r"(m[1])
                 : "r"((u32)__cvta_generic_to_shared(row))
                 : "memory");
}
