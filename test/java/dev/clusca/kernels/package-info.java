/** Tests of the CUDA kernels as they are shipped: the PTX text under {@code kernels/ptx} and its manifest. */
@NullMarked
package dev.clusca.kernels;

import org.jspecify.annotations.NullMarked;
