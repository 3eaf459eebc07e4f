package dev.clusca.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option that asks for many images, each a file of its own. */
final class CountOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--count",
            paramLabel = "N",
            description =
                    "Make N images, each a PNG of its own in the folder --out. Those that are there already are skipped, so that a run that was stopped can go on.")
    private @Nullable Integer count;

    /** How many; null where a run makes what it makes at once. */
    @Nullable
    Integer number() {
        return count;
    }

    /** Refuses what goes with one run alone, if many images are asked for. */
    void check(@Nullable Path out, @Nullable Path latents, RunOptions run, OutputOptions output) {
        if (count == null) {
            return;
        }
        if (count < 1) {
            throw Usage.refuse(spec, "--count is " + count + "; at least 1 image is made");
        }
        if (out == null) {
            throw Usage.refuse(spec, "--count makes single images; name a folder for them with --out");
        }
        if (latents != null || run.report() != null || run.profiled() || output.json()) {
            throw Usage.refuse(
                    spec, "--latents, --report, --profile and --json are of one run; leave them out with --count");
        }
    }
}
