/**
 * The stand-in CUDA driver's way into Java: what a Java program has to answer to be the driver of this process, and the memory of the
 * program that calls. The other half is {@code native/emulator}.
 */
@NullMarked
package dev.clusca.bindings.standin;

import org.jspecify.annotations.NullMarked;
