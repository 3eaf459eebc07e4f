package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.emulator.driver.EmulatedDriver;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say what to compute on. */
public final class BackendChoice {
    private static final String CUDA = "cuda";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "Where to compute: auto, cpu, reference or cuda, or a variant that 'doctor' lists, as cuda:naive. Default: ${DEFAULT-VALUE}, the fastest that can run here, with --emulate cuda.")
    private String backend;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads that compute. Default: 0, the backend chooses.")
    private int threads;

    /** The emulator, if a backend of that name, or its variant, computes on it. */
    public static Optional<EmulatedDriver> emulator(String backend) {
        return BackendName.of(backend).provider().equals(CUDA) ? EmulatedDriver.ofProcess() : Optional.empty();
    }

    /** How many threads were asked for, 0 if it is the backend's choice. */
    public int threads() {
        return threads;
    }

    /** With as many threads as were asked for. */
    public BackendOptions options() {
        return Usage.of(spec, () -> new BackendOptions(threads));
    }

    /** Whether the command line, and not the environment of many commands, asks for an emulated GPU. */
    private boolean emulates() {
        for (CommandLine at = spec.commandLine(); at != null; at = at.getParent()) {
            if (at.getParseResult() != null && at.getParseResult().hasMatchedOption("--emulate")) {
                return true;
            }
        }
        return false;
    }

    /** Opens the backend that was asked for. */
    public Backend open() {
        String provider = BackendName.of(backend).provider().toLowerCase(Locale.ROOT);
        if (!provider.equals("auto") && !provider.equals(CUDA) && emulates()) {
            throw Usage.refuse(
                    spec,
                    "--emulate runs CUDA kernels, and --backend " + backend
                            + " has none; name cuda or a variant of it, or leave one of the options out");
        }
        return Backends.open(backend.toLowerCase(Locale.ROOT), options());
    }
}
