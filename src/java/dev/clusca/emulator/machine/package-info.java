/** Warps, blocks and launches: who runs when, what a barrier waits for, where lanes part and meet again. Knows no instruction but through {@link dev.clusca.emulator.machine.Op}. */
@NullMarked
package dev.clusca.emulator.machine;

import org.jspecify.annotations.NullMarked;
