package dev.clusca.cli;

import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.emulator.driver.EmulatedDriver;
import dev.clusca.pipeline.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that holds the others; on its own it only prints help. */
@Command(
        name = "clusca",
        description = "Runs diffusion transformers with cluster-driven feature caching (ClusCa) and its relatives.",
        mixinStandardHelpOptions = true,
        scope = CommandLine.ScopeType.INHERIT,
        versionProvider = Clusca.Versions.class,
        abbreviateSynopsis = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Examples:",
            "  ./clusca demo                  sample with and without caches, compare, write demo.png",
            "  ./clusca help sample           every option of sample, with examples",
            "  ./clusca doctor                what can run on this machine, and why not",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."
        })
final class Clusca implements Runnable {
    @Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--debug",
            scope = CommandLine.ScopeType.INHERIT,
            description = "Print the stack trace of an error (as -Dclusca.debug=true does).")
    private boolean debug;

    @Option(
            names = "--emulate",
            scope = CommandLine.ScopeType.INHERIT,
            description = "Run CUDA kernels on the CPU, slowly and with every access checked; no GPU is needed"
                    + " (as CLUSCA_EMULATE=1 does).")
    private boolean emulate;

    /** Makes the emulator this process's CUDA driver where that was asked for; to be called before anything looks for a driver. */
    void chooseDriver() {
        if (!emulate) {
            return;
        }
        try {
            EmulatedDriver.choose();
        } catch (NativeUnavailableException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        } catch (IllegalStateException e) {
            if (EmulatedDriver.ofProcess().isEmpty()) {
                throw new ParameterException(spec.commandLine(), "--emulate comes too late: " + e.getMessage(), e);
            }
        }
    }

    /** Whether errors come with their stack traces. */
    boolean debug() {
        return debug || Boolean.getBoolean("clusca.debug");
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which command? There are "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /** Gives {@code --version} its line. */
    static final class Versions implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"clusca " + Version.current() + ", Java " + Runtime.version()};
        }
    }
}
