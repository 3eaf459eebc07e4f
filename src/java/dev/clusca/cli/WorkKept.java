package dev.clusca.cli;

import java.util.concurrent.CancellationException;

/** A run was told to stop and leaves what it had finished. The message says so. */
public final class WorkKept extends CancellationException {
    private static final long serialVersionUID = 1L;

    public WorkKept(String message) {
        super(message);
    }
}
