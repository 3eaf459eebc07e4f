/**
 * The backend for x86-64 processors: matrix products through oneDNN where the processor has AVX-512, everything else in clusca's own C kernels. One thread of its own runs all work
 * in order; both libraries share that thread's OpenMP team.
 */
@NullMarked
package dev.clusca.backend.cpu;

import org.jspecify.annotations.NullMarked;
