package dev.clusca.bindings.cpu;

/**
 * Numbers in memory that kernels read or write.
 *
 * @param address of the first
 * @param type {@link #F32} or {@link #BF16}
 */
public record FloatMemory(long address, int type) {
    public static final int F32 = 0;
    public static final int BF16 = 1;

    /** No memory, where a kernel allows it. */
    public static final FloatMemory NONE = new FloatMemory(0, F32);
}
