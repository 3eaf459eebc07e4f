/**
 * The backend for x86-64 processors: clusca's own C kernels, or as a variant to compare with, oneDNN's products, attention and convolutions. One thread of its own runs all work in order; both
 * libraries share that thread's OpenMP team.
 */
@NullMarked
package dev.clusca.backend.cpu;

import org.jspecify.annotations.NullMarked;
