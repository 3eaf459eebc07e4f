package dev.clusca.cli.bench;

import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.cli.Session;
import dev.clusca.measure.Change;
import dev.clusca.measure.ComparisonTable;
import dev.clusca.measure.KernelFile;
import dev.clusca.measure.StaticFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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

    @Parameters(index = "0", paramLabel = "BEFORE", description = "A result file.")
    private Path before;

    @Parameters(index = "1", paramLabel = "AFTER", description = "Another one of the same kind.")
    private Path after;

    @Option(names = "--strict", description = "Exit with 1 if anything is SLOWER.")
    private boolean strict;

    CompareCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (isStatic(before)) {
            session.print(StaticFile.read(before).beside(StaticFile.read(after)));
            return 0;
        }
        KernelFile first = KernelFile.read(before);
        KernelFile second = KernelFile.read(after);
        if (!first.device().equals(second.device())) {
            session.printf(
                    "measured on different devices, so that no verdict is one on the code:%n  %s%n  %s%n",
                    first.device(), second.device());
        }
        ComparisonTable table = new ComparisonTable(first, second);
        session.print(table.text());
        return strict && table.count(Change.SLOWER) > 0 ? 1 : 0;
    }

    private static boolean isStatic(Path file) {
        try {
            StaticFile.read(file);
            return true;
        } catch (CheckpointException e) {
            return false;
        }
    }
}
