package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;

/** A fault before its place is known: what is wrong, and the lane of the warp that did it. The machine turns it into a report. */
public final class AccessFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final FaultKind kind;
    private final int lane;

    public AccessFault(FaultKind kind, int lane, String detail) {
        super(detail, null, false, false);
        this.kind = kind;
        this.lane = lane;
    }

    public FaultKind kind() {
        return kind;
    }

    public int lane() {
        return lane;
    }
}
