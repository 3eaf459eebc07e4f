package dev.clusca.emulator.ptx;

/** Lays variables out one after the other, each at its alignment. */
final class Area {
    /** The most bytes an area may have; addresses within it fit an int. */
    private static final long MAX_BYTES = 1 << 30;

    private long bytes;

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
        return variable.at(offset);
    }

    long bytes() {
        return bytes;
    }
}
