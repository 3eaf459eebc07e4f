package dev.clusca.cli.bench;

import dev.clusca.cli.OutputFiles;
import dev.clusca.cli.ProgressLine;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.cli.WorkKept;
import dev.clusca.measure.ModelBenchmark;
import dev.clusca.measure.ModelResult;
import dev.clusca.measure.ModelRuns;
import dev.clusca.measure.ModelTable;
import dev.clusca.measure.plot.SpeedQualityChart;
import dev.clusca.pipeline.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say what becomes of a model's measurement: a table, a plot, a file; and what is shown meanwhile. */
final class ModelOutput {
    private final String usualPlot;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the result to this JSON file, which 'bench plot' draws again.")
    private @Nullable Path json;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Write the plot to this PNG. Default: bench-models.png, of FLUX bench-flux.png.")
    private @Nullable Path plot;

    @Option(names = "--no-plot", description = "Write no plot.")
    private boolean noPlot;

    @Option(names = "--markdown", description = "Print the table as Markdown.")
    private boolean markdown;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    /** @param usualPlot the file of the plot, unless one is named */
    ModelOutput(String usualPlot) {
        this.usualPlot = usualPlot;
    }

    /** Checks, before a long measurement, that its files can be written. Errors as {@link Outputs#check}. */
    OutputFiles check() throws IOException {
        if (noPlot && plot != null) {
            throw Usage.refuse(spec, "--no-plot writes no plot and --plot writes one; leave one of them out");
        }
        return Outputs.check(spec, json, drawn());
    }

    private @Nullable Path drawn() {
        return noPlot ? null : plot == null ? Path.of(usualPlot) : plot;
    }

    /** Makes all runs, shows them, and writes what they found. */
    void measure(Session session, ModelBenchmark benchmark) throws IOException {
        try {
            report(session, benchmark.run((begun, run) -> watched(session, begun, run)));
        } catch (ModelBenchmark.Stopped e) {
            if (quiet && json == null && drawn() == null) {
                throw e;
            }
            ModelResult soFar = e.soFar();
            report(session, soFar);
            throw new WorkKept(
                    String.format(
                            Locale.ROOT,
                            "interrupted; the result holds what was whole by then: batch %s, %s",
                            soFar.batches().stream()
                                    .map(batch -> Integer.toString(batch.images()))
                                    .collect(Collectors.joining(", ")),
                            soFar.settings().rounds() == 1
                                    ? "1 round"
                                    : soFar.settings().rounds() + " rounds"),
                    e);
        }
    }

    /** Shows a run's steps, and how long all that is to come takes. */
    private ModelRuns.Made watched(
            Session session, ModelBenchmark.Begun begun, Function<Progress, ModelRuns.Made> run) {
        String label = String.format(
                Locale.ROOT,
                "%d of %d%s; %s%s, batch %d",
                begun.number(),
                begun.of(),
                ProgressLine.toGo(begun.secondsLeft()),
                begun.warmUp() ? "warming up " : "",
                begun.interval().isPresent()
                        ? begun.method() + " " + begun.interval().getAsInt()
                        : begun.method(),
                begun.images());
        try (ProgressLine progress = new ProgressLine(session, quiet, label)) {
            return run.apply(progress);
        }
    }

    private void report(Session session, ModelResult result) throws IOException {
        // The table first: whatever goes wrong with a file now, minutes of measurement are not lost.
        if (!quiet) {
            ModelTable table = new ModelTable(result);
            session.print(markdown ? table.markdown() : table.text());
        }
        if (json != null) {
            result.write(json);
            wrote(session, json);
        }
        Path drawn = drawn();
        if (drawn != null) {
            SpeedQualityChart.of(result).write(drawn);
            wrote(session, drawn);
        }
    }

    private void wrote(Session session, Path file) {
        if (!quiet) {
            session.printf("wrote %s%n", file);
        }
    }
}
