/**
 * The few objects of cuBLASLt that clusca works with: a handle, and {@link dev.clusca.bindings.blas.LtMatmul}, one matrix product for one set of extents and types. Every failure is a
 * {@link dev.clusca.bindings.blas.BlasException}.
 *
 * <p>Functions are looked up in one file, not in whatever the process has loaded: cuBLAS 12, which JCublas needs, brings a cuBLASLt of its own beside a newer one, with functions of the same names. Constants
 * are those of the generated class {@link dev.clusca.bindings.cublaslt.CublasLt}. Addresses are handed on as they are, so that a test can drive it all with a library that computes in host memory.
 *
 * <p>Here too is the one call of cuBLAS that JCublas cannot make: with a stream that JCuda did not create.
 */
@NullMarked
package dev.clusca.bindings.blas;

import org.jspecify.annotations.NullMarked;
