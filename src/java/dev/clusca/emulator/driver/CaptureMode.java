package dev.clusca.emulator.driver;

/** How much a capture, or a thread, forbids; the order is that of {@code CUstreamCaptureMode}. */
enum CaptureMode {
    /** Calls that could synchronise are forbidden to every thread. */
    GLOBAL,
    /** They are forbidden to the thread that captures. */
    THREAD_LOCAL,
    /** They are allowed. */
    RELAXED;

    static CaptureMode of(int code) {
        if (code < 0 || code >= values().length) {
            throw new DriverFailure(Result.INVALID_VALUE, "found capture mode " + code + "; expected 0, 1 or 2");
        }
        return values()[code];
    }
}
