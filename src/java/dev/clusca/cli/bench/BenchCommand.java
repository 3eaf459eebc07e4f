package dev.clusca.cli.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench}: the command that holds those which measure single pieces; on its own it only prints help. */
@Command(
        name = "bench",
        header = "Measures single pieces.",
        description = {"", "How fast single pieces are on this machine; sample --profile tells of whole steps.", ""},
        abbreviateSynopsis = true,
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        footer = {"", "Examples:", "  ./clusca bench host --quick      launches, views, checkpoints, pictures"})
public final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which benchmark? There are "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
