package dev.clusca.cli;

import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** A run was told to stop and leaves what it had finished. The message says so. */
public final class WorkKept extends CancellationException {
    private static final long serialVersionUID = 1L;

    public WorkKept(String message, CancellationException cause) {
        super(message);
        initCause(cause);
    }

    /**
     * How a run ends that was told to stop before its latents had become pictures.
     *
     * @param file that they were written to; null if they were not asked for, and nothing is kept
     */
    static CancellationException latents(@Nullable Path file, CancellationException cause) {
        return file == null
                ? cause
                : new WorkKept(
                        "interrupted; the latents are in " + file
                                + ", of which 'clusca decode' makes pictures, and nothing else was written",
                        cause);
    }
}
