/** Real PTX on the CPU: a stand-in for a GPU that checks what it runs and times nothing. {@link dev.clusca.emulator.Emulator} is the way in. */
@NullMarked
package dev.clusca.emulator;

import org.jspecify.annotations.NullMarked;
