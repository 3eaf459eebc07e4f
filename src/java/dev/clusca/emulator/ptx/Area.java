package dev.clusca.emulator.ptx;

/** Lays variables out one after the other, each at its alignment. */
final class Area {
    /** The most bytes an area may have; addresses within it fit an int. */
    private static final long MAX_BYTES = 1 << 30;

    private long bytes;
    private long widest = 1;

    Area() {
        this(0);
    }

    Area(long start) {
        bytes = start;
    }

    Variable place(Variable variable) {
        long offset = -Math.floorDiv(-bytes, variable.align()) * variable.align();
        if (variable.size() > MAX_BYTES - offset) {
            throw new PtxException(
                    variable.line(),
                    variable.name() + " has " + variable.size() + " bytes, which its space cannot hold");
        }
        bytes = offset + variable.size();
        widest = Math.max(widest, variable.align());
        return variable.at(offset);
    }

    long bytes() {
        return bytes;
    }

    /** The size as ptxas reports it: a multiple of the widest alignment. */
    long wholeBytes() {
        return -Math.floorDiv(-bytes, widest) * widest;
    }
}
