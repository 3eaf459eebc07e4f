package dev.clusca.cli.bench;

import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code bench}: the command that holds those which measure; on its own it only names them. */
@Command(
        name = "bench",
        header = "Measures, and draws what was measured.",
        description = "",
        abbreviateSynopsis = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Examples:",
            "  ./clusca bench kernels            what each operation takes, and how near to the roof it is",
            "  ./clusca bench models             what each cache policy saves, and what it costs in quality",
            "  ./clusca bench flux --model random:flux-dev:1+2   the same of FLUX",
            "  ./clusca bench plot result.json   draw a result file",
            "  ./clusca bench host --quick       launches, views, checkpoints, pictures"
        })
public final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private BenchCommand() {}

    /** The command with those below it. */
    public static CommandLine with(Session session) {
        CommandLine bench = new CommandLine(new BenchCommand());
        bench.addSubcommand(new ListCommand(session));
        bench.addSubcommand(new KernelsCommand(session));
        bench.addSubcommand(new ModelsCommand(session));
        bench.addSubcommand(new FluxBenchCommand(session));
        bench.addSubcommand(new HostCommand(session.home(), session.cancelled()));
        bench.addSubcommand(new CompareCommand(session));
        bench.addSubcommand(new PlotCommand(session));
        bench.addSubcommand(new HistoryCommand(session));
        return bench;
    }

    @Override
    public void run() {
        throw Usage.refuse(
                spec,
                "bench what? There are " + String.join(", ", spec.subcommands().keySet()));
    }
}
