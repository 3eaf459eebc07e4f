package dev.clusca.backend.cuda;

import dev.clusca.backend.OperationMissingException;

/** How many blocks a launch gets, by the rules in the kernels' sources. */
final class Grids {
    /** Blocks that keep a large GPU busy: two for each of an H200's multiprocessors. */
    static final int BUSY = 264;

    private Grids() {}

    /** Blocks of {@code each} items, at least one. */
    static int blocks(long items, long each) {
        long blocks = Math.ceilDiv(items, each);
        if (blocks > Integer.MAX_VALUE) {
            throw new OperationMissingException(items + " items in blocks of " + each
                    + " are more than a grid of the CUDA kernels has; give the operation fewer at a time");
        }
        return Math.max(1, (int) blocks);
    }

    /** An extent that a kernel takes as a 32-bit number. */
    static int extent(String name, long value) {
        if (value > Integer.MAX_VALUE) {
            throw new OperationMissingException(name + " is " + value
                    + ", more than the 2147483647 that the CUDA kernels count to; give the operation less at a time");
        }
        return (int) value;
    }
}
