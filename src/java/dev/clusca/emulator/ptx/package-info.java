/** PTX text to an immutable module: entries, parameters, variables and instructions, each with its line. Knows the grammar and nothing of what an instruction does. */
@NullMarked
package dev.clusca.emulator.ptx;

import org.jspecify.annotations.NullMarked;
