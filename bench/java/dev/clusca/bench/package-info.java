/** Benchmarks of what clusca does on the host. */
@NullMarked
package dev.clusca.bench;

import org.jspecify.annotations.NullMarked;
