package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.tensor.DType;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a run of images may be asked to tell beside the images. */
final class RunOptions {
    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write a report with every step's time to this JSON file.")
    private @Nullable Path report;

    @Option(
            names = "--profile",
            description =
                    "Print where the time of the last full and the last cached step went: time, bytes, FLOPs and percent of this machine's peaks by operation.")
    private boolean profiled;

    @Nullable
    Path report() {
        return report;
    }

    boolean profiled() {
        return profiled;
    }

    /** Looks on at a run that is about to begin on a backend. */
    RunOutput watch(Session session, OutputOptions output, Backend backend, DType dtype) {
        return new RunOutput(session, output, this, backend, dtype);
    }
}
