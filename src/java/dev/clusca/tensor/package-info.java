/** Typed views of memory: {@link dev.clusca.tensor.DType}, {@link dev.clusca.tensor.Shape}, {@link dev.clusca.tensor.Tensor}. */
@NullMarked
package dev.clusca.tensor;

import org.jspecify.annotations.NullMarked;
