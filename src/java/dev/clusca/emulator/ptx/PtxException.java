package dev.clusca.emulator.ptx;

/** PTX text that cannot be read or holds a form the emulator does not know; the message begins with the line. */
public final class PtxException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;

    public PtxException(int line, String message) {
        super("PTX line " + line + ": " + message);
        this.line = line;
    }

    /** The line of the PTX text, from 1. */
    public int line() {
        return line;
    }
}
