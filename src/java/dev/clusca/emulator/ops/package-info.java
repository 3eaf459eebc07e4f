/** The instructions: one file for each family, with the loop over lanes that it is and the PTX forms that name it. */
@NullMarked
package dev.clusca.emulator.ops;

import org.jspecify.annotations.NullMarked;
