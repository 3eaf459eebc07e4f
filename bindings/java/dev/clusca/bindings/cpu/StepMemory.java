package dev.clusca.bindings.cpu;

/**
 * A step table, {@code struct steps} in {@code kernels.h}.
 *
 * @param rows address of the float32 rows
 * @param count number of rows
 * @param cursor address of the int32 that says which row is in use
 */
public record StepMemory(long rows, long count, long cursor) {}
