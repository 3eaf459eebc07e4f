/** Hand-written calls into the CUDA driver beside the generated class: entry points that it lacks, and what needs {@code reinterpret}. */
@NullMarked
package dev.clusca.bindings.driver;

import org.jspecify.annotations.NullMarked;
