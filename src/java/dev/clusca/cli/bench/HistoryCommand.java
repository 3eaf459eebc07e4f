package dev.clusca.cli.bench;

import dev.clusca.cli.Session;
import dev.clusca.measure.HistoryTable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bench history}: the newest records of a device as Markdown. */
@Command(
        name = "history",
        header = "Prints the newest records of a history as a Markdown table.",
        description = {
            "",
            "'bench kernels --record' adds to a history. Operations of less than 200 us, and results that do not count, are left out.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench history bench/history/amd-epyc-zen-3-2-threads-avx2-own-products.jsonl"
        })
final class HistoryCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "FILE", description = "A file of bench/history.")
    private Path file;

    HistoryCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        try {
            session.print(new HistoryTable(file).markdown());
        } catch (NoSuchFileException e) {
            throw new IOException(file + " does not exist; './clusca bench kernels --record' makes one", e);
        }
        return 0;
    }
}
