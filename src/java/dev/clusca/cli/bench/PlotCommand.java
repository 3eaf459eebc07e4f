package dev.clusca.cli.bench;

import dev.clusca.cli.OutputFiles;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.measure.KernelFile;
import dev.clusca.measure.Measured;
import dev.clusca.measure.ModelResult;
import dev.clusca.measure.StaticFile;
import dev.clusca.measure.plot.DrawingCheck;
import dev.clusca.measure.plot.Figure;
import dev.clusca.measure.plot.RooflineChart;
import dev.clusca.measure.plot.SpeedQualityChart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench plot}: draws a result file. */
@Command(
        name = "plot",
        header = "Draws a result file as a PNG.",
        description = {
            "",
            "Of models: quality over speed, and speed-up in time over that in FLOPs, one curve a policy. Of kernels: a roofline, "
                    + "operations a second over operations a byte, one point a kernel.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench plot models.json",
            "  ./clusca bench plot kernels.json --out roofline.png"
        })
final class PlotCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "RESULT", description = "A JSON file that 'bench' wrote.")
    private Path result;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "The PNG to write. Default: beside the result, with its name and .png at the end.")
    private @Nullable Path out;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    PlotCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path target = out == null ? beside() : out;
        OutputFiles files = OutputFiles.of(spec).reads("RESULT", result);
        Measured measured = Measured.read(result);
        files.writesPicture("--out", target);
        DrawingCheck.start();
        Figure figure = switch (measured) {
            case ModelResult models -> SpeedQualityChart.of(models);
            case KernelFile kernels -> RooflineChart.of(kernels);
            case StaticFile counts ->
                throw Usage.refuse(
                        spec,
                        result
                                + " holds static costs, which have no times to draw; './clusca bench compare' sets two such files side by side");
        };
        figure.write(target);
        if (!quiet) {
            session.printf("wrote %s%n", target);
        }
        return 0;
    }

    private Path beside() {
        Path file = result.getFileName();
        String name = file == null ? "" : file.toString();
        return result.resolveSibling((name.endsWith(".json") ? name.substring(0, name.length() - 5) : name) + ".png");
    }
}
