package dev.clusca.cli;

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

    /** Whether anybody sees what --profile measures. */
    boolean showsProfile(OutputOptions output) {
        return profiled && (output.text() || output.json() || report != null);
    }

    /** What else than naming a file would keep a run from being in vain: the end of a sentence. */
    String otherUse() {
        return profiled ? "leave out --quiet, which hides what --profile measures" : "measure with --profile";
    }
}
