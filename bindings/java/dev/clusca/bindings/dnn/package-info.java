/**
 * The few objects of cuDNN that clusca works with, over the generated functions in {@link dev.clusca.bindings.cudnn}: a handle for a stream, tensors, graphs of operations, the plans that cuDNN makes
 * of them, and on these convolution and attention. All through cuDNN's graph (backend) API, as its function for each operation is deprecated since 9.0.
 *
 * <p>Graphs and, for a {@link dev.clusca.bindings.dnn.CudnnDevice} that is only described, plans are made without a GPU. Objects are used by one thread at a time.
 */
@NullMarked
package dev.clusca.bindings.dnn;

import org.jspecify.annotations.NullMarked;
