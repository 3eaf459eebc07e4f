package dev.clusca.cli.bench;

import dev.clusca.cli.OutputFiles;
import dev.clusca.measure.plot.DrawingCheck;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The files that a measurement writes at its end, {@code --json} and {@code --plot}. */
final class Outputs {
    private Outputs() {}

    /**
     * Checks, before a long measurement, that those asked for can be written, each to a file of its own.
     *
     * @return to which is added what the measurement reads
     * @throws IOException if one could not be written, or no plot drawn: why, and what to do
     */
    static OutputFiles check(CommandSpec spec, @Nullable Path json, @Nullable Path plot) throws IOException {
        OutputFiles files = OutputFiles.of(spec).writes("--json", json).writesPicture("--plot", plot);
        if (plot != null) {
            DrawingCheck.start();
        }
        return files;
    }
}
