package dev.clusca.bindings.cpu;

/**
 * Where draws come from, {@code struct draws} in {@code kernels.h}.
 *
 * @param seed Philox's key
 * @param rows address of the int32 counters of the batch rows
 * @param stream token stream of a layer
 */
public record DrawMemory(long seed, long rows, long stream, StepMemory steps) {}
