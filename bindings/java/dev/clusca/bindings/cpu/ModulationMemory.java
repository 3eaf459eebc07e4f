package dev.clusca.bindings.cpu;

/**
 * A modulation table, {@code struct modulation} in {@code kernels.h}.
 *
 * @param table {@code [steps, distinct, chunks, C]}
 * @param distinct number of conditions in the table
 * @param chunks number of shifts, scales and gates of each
 * @param conditions address of the int32 conditions of the batch rows
 */
public record ModulationMemory(FloatMemory table, long distinct, long chunks, long conditions, StepMemory steps) {}
