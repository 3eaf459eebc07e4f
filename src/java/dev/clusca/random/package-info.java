/** Counter-based random numbers that are the same on every backend, thread count, batch composition and machine. */
@NullMarked
package dev.clusca.random;

import org.jspecify.annotations.NullMarked;
