/**
 * Calls into clusca's own C library, {@code native/cpu}: the kernels of the cpu backend and its memory. Open {@link dev.clusca.bindings.CpuLibrary#gate} first.
 */
@NullMarked
package dev.clusca.bindings.cpu;

import org.jspecify.annotations.NullMarked;
