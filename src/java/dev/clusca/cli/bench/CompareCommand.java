package dev.clusca.cli.bench;

import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.measure.Change;
import dev.clusca.measure.ComparisonTable;
import dev.clusca.measure.KernelFile;
import dev.clusca.measure.Measured;
import dev.clusca.measure.ModelResult;
import dev.clusca.measure.StaticFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench compare}: two result files, result by result. */
@Command(
        name = "compare",
        header = "Compares two result files of bench kernels.",
        description = {
            "",
            "Times: the ratio of the medians, and SAME, FASTER, SLOWER, or UNSURE where noise forbids a verdict. Static costs: what changed, to the last count.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench kernels --json before.json",
            "  ./clusca bench compare before.json after.json"
        })
final class CompareCommand implements Callable<Integer> {
    private final Session session;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "BEFORE", description = "A result file.")
    private Path before;

    @Parameters(index = "1", paramLabel = "AFTER", description = "Another one of the same kind.")
    private Path after;

    @Option(
            names = "--strict",
            description = "Of times: exit with 1 if any is SLOWER, INVALID in either file, or missing in AFTER.")
    private boolean strict;

    CompareCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        return switch (Measured.read(before)) {
            case KernelFile first -> times(first, read(KernelFile.class));
            case StaticFile first -> {
                session.print(first.beside(read(StaticFile.class)));
                yield 0;
            }
            case ModelResult models ->
                throw Usage.refuse(
                        spec,
                        before
                                + " holds results of models, which are not compared; draw them with './clusca bench plot'");
        };
    }

    /** The second file, which must hold what the first does. */
    private <T extends Measured> T read(Class<T> kind) {
        Measured second = Measured.read(after);
        if (!kind.isInstance(second)) {
            throw Usage.refuse(spec, after + " holds other results than " + before + "; name two files of one kind");
        }
        return kind.cast(second);
    }

    private int times(KernelFile first, KernelFile second) {
        if (!first.device().equals(second.device())) {
            session.printf(
                    "measured on different devices, so that no verdict is one on the code:%n  %s%n  %s%n",
                    first.device(), second.device());
        }
        ComparisonTable table = new ComparisonTable(first, second);
        session.print(table.text());
        return strict && (table.count(Change.SLOWER) > 0 || table.invalid() > 0 || table.missing() > 0) ? 1 : 0;
    }
}
