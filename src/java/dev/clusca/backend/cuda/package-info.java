/** The CUDA backend, and the driver layer below it, which programs may link alone: contexts, modules and kernels, device memory, streams, events and graphs. */
@NullMarked
package dev.clusca.backend.cuda;

import org.jspecify.annotations.NullMarked;
