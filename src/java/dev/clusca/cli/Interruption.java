package dev.clusca.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Ctrl-C (or a termination signal) as a request to stop: the running command is told, and the process waits a moment for it to tidy up before it ends with the signal's
 * exit code (130 for Ctrl-C, 143 for termination).
 */
final class Interruption implements BooleanSupplier, AutoCloseable {
    /** Longer than a step, or a picture, of the models that a CPU can run. Beyond it computation is lost, and no file is half written: each gets its name when it is whole. */
    private static final long PATIENCE_SECONDS = 10;

    private final CountDownLatch tidy = new CountDownLatch(1);
    private volatile boolean requested;

    private Interruption() {}

    /** Listens for signals until closed. */
    static Interruption install() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(new Thread(interruption::stop, "clusca-interruption"));
        return interruption;
    }

    private void stop() {
        requested = true;
        try {
            if (!tidy.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(
                        "clusca: what was running did not end within " + PATIENCE_SECONDS
                                + " s and was abandoned; if a file was being written, a .clusca-*.part is left beside it; delete that");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the command was asked to stop. */
    @Override
    public boolean getAsBoolean() {
        return requested;
    }

    /** Says that the command has ended, however it did. */
    @Override
    public void close() {
        tidy.countDown();
    }
}
