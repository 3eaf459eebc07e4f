/**
 * The few objects of oneDNN that clusca works with, over the generated functions in {@link dev.clusca.bindings.onednn}: an engine with its stream, memory
 * descriptors, reorders and matrix products. Open {@link dev.clusca.bindings.OneDnnLibrary#gate} first.
 *
 * <p>oneDNN's OpenMP threads belong to the thread that calls it, and a primitive keeps the number of threads it was made under: use all objects from one thread.
 */
@NullMarked
package dev.clusca.bindings.dnnl;

import org.jspecify.annotations.NullMarked;
