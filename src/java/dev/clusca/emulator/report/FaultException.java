package dev.clusca.emulator.report;

/** A launch ended by a fault, where the caller asked for an exception. */
public final class FaultException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Fault fault;

    public FaultException(Fault fault) {
        super(fault.toString());
        this.fault = fault;
    }

    public Fault fault() {
        return fault;
    }
}
