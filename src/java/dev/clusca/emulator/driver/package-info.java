/**
 * A CUDA driver whose device is the emulator: what each driver call of the stand-in {@code libcuda.so.1} does.
 *
 * <p>Work is enqueued as on a GPU and runs at the next synchronisation, on the thread that synchronises, in a seeded order that the streams
 * and events allow. Nothing here stands in for timing: event times count finished pieces of work.
 */
@NullMarked
package dev.clusca.emulator.driver;

import org.jspecify.annotations.NullMarked;
