/** Tests of the emulated CUDA driver, most of them through the calls that a program makes. */
@NullMarked
package dev.clusca.emulator.driver;

import org.jspecify.annotations.NullMarked;
