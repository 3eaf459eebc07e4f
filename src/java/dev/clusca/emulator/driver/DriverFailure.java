package dev.clusca.emulator.driver;

/** Ends a driver call with a result that is not success, and says more about it than a code can. */
final class DriverFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Result result;

    DriverFailure(Result result, String message) {
        // Polling throws NOT_READY over and over, so there is no stack trace.
        super(message, null, false, false);
        this.result = result;
    }

    Result result() {
        return result;
    }
}
