/** Tests of the PTX emulator: each instruction against Java, each detector against a planted fault, the scheduler, the counts, the parser. */
@NullMarked
package dev.clusca.emulator;

import org.jspecify.annotations.NullMarked;
