package dev.clusca.emulator.driver;

import dev.clusca.emulator.report.FaultException;
import dev.clusca.emulator.report.FaultKind;

/** What the driver answers when work on the device failed. */
final class Faults {
    private Faults() {}

    /** The result that a GPU's driver gives, with the emulator's own report as the message. */
    static DriverFailure explain(Throwable thrown) {
        return switch (thrown) {
            case DriverFailure failure -> failure;
            case FaultException e -> new DriverFailure(result(e.fault().kind()), String.valueOf(e.getMessage()));
            // Memory that was there when a copy was enqueued, and freed before it ran.
            case IllegalArgumentException e ->
                new DriverFailure(Result.ILLEGAL_ADDRESS, String.valueOf(e.getMessage()));
            default -> new DriverFailure(Result.UNKNOWN, "the emulator itself failed: " + thrown);
        };
    }

    private static Result result(FaultKind kind) {
        return switch (kind) {
            case OUT_OF_BOUNDS, USE_AFTER_FREE, READ_ONLY -> Result.ILLEGAL_ADDRESS;
            case MISALIGNED -> Result.MISALIGNED_ADDRESS;
            case HANG -> Result.LAUNCH_TIMEOUT;
            case INVALID -> Result.ILLEGAL_INSTRUCTION;
            default -> Result.LAUNCH_FAILED;
        };
    }
}
