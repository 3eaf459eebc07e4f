/** What a launch on the emulator came to: faults, and counts of what would cost time on a GPU. */
@NullMarked
package dev.clusca.emulator.report;

import org.jspecify.annotations.NullMarked;
