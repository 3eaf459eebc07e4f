/** Holds the cpu backend against the reference, and to the rules of a queue. */
@NullMarked
package dev.clusca.backend.cpu;

import org.jspecify.annotations.NullMarked;
