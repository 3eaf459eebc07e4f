package dev.clusca.emulator.machine;

/**
 * What is checked beyond what a GPU itself would refuse, and how a launch is run.
 *
 * @param uninitialisedReads report reads of global memory that nobody wrote
 * @param sharedRaces report races in shared memory
 * @param threads host threads that run blocks; 1 makes the order of blocks follow from the seed alone
 * @param budget instructions, counted for warps, after which a launch is reported as hanging
 */
public record Detectors(boolean uninitialisedReads, boolean sharedRaces, int threads, long budget) {}
