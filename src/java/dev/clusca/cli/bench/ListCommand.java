package dev.clusca.cli.bench;

import dev.clusca.cases.OpCase;
import dev.clusca.cli.Session;
import dev.clusca.pipeline.profile.Cost;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code bench list}: what {@code bench kernels} would measure. */
@Command(
        name = "list",
        header = "Lists the operations that can be measured, with their costs.",
        description = {
            "",
            "A line a case: its name, which 'bench kernels' and 'verify' select by, bytes and FLOPs that it has to move and to compute at least, FLOPs a byte, and its tensors.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench list",
            "  ./clusca bench list '^gemm' --shapes dit-b/2 --dtype bf16 --batch 8"
        })
final class ListCommand implements Callable<Integer> {
    private static final String ROW = "%-78s %12s %14s %9s  %s%n";

    private final Session session;

    @Mixin
    private CaseOptions cases;

    ListCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        List<OpCase> listed = cases.cases();
        session.printf(ROW, "case", "bytes", "FLOPs", "FLOP/byte", "tensors");
        for (OpCase c : listed) {
            Cost cost = c.cost();
            session.printf(
                    ROW,
                    c.name(),
                    Long.toString(cost.bytes()),
                    String.format(Locale.ROOT, "%.0f", cost.flops()),
                    String.format(Locale.ROOT, "%.1f", cost.flops() / cost.bytes()),
                    c.shape());
        }
        return 0;
    }
}
