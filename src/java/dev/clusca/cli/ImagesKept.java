package dev.clusca.cli;

import java.util.concurrent.CancellationException;

/** A run was told to stop and leaves what it had finished. The message says so. */
final class ImagesKept extends CancellationException {
    private static final long serialVersionUID = 1L;

    ImagesKept(String message) {
        super(message);
    }
}
