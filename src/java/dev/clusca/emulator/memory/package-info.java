/** The emulated memories and the checks on every access to them: bounds, alignment, initialisation, races. */
@NullMarked
package dev.clusca.emulator.memory;

import org.jspecify.annotations.NullMarked;
