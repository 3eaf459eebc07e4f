package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cases.Case;
import dev.clusca.cases.Effort;
import dev.clusca.cases.KernelCounts;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpCases;
import dev.clusca.cases.OpCheck;
import dev.clusca.checkpoint.Json;
import dev.clusca.cli.BackendChoice;
import dev.clusca.cli.Usage;
import dev.clusca.cli.WorkKept;
import dev.clusca.emulator.driver.DeviceModel;
import dev.clusca.emulator.driver.EmulatedDriver;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code verify}: compares a backend with the reference backend, operation by operation, and with golden values. */
@Command(
        name = "verify",
        header = "Checks a backend against the reference, and against golden values.",
        description = {
            "",
            "Compares every operation with the reference backend, over many shapes and types, and whole models with golden values. Prints one line a case with the measured error beside its bound. Exit code 1 if any case failed.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca verify",
            "  ./clusca verify --backend reference --op '^dit/'",
            "  ./clusca verify --op '^gemm/bf16/' --seed 7",
            "  ./clusca verify --emulate --stats --op '^kMeans/'",
            "  ./clusca verify --golden /data/golden --strict"
        })
public final class VerifyCommand implements Callable<Integer> {
    private static final String REFERENCE = "reference";
    private static final long DEFAULT_SEED = 1;
    /** The schema of the JSON report; grows when a key changes its meaning. */
    private static final int SCHEMA = 1;

    private final @Nullable Path home;
    private final BooleanSupplier cancelled;

    @Spec
    private CommandSpec spec;

    @Mixin
    private BackendChoice choice;

    @Option(
            names = "--golden",
            paramLabel = "DIR",
            description = "The folder with golden sets. Default: test/golden of the installation, if it is there.")
    private @Nullable Path golden;

    @Option(
            names = "--op",
            paramLabel = "REGEX",
            description = "Only cases whose name the expression is found in: '^gemm/' or '^dit/kmeans/'.")
    private @Nullable Pattern only;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "" + DEFAULT_SEED,
            description = "Seed of the operations' random inputs. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--list", description = "List the cases, with the bytes that an operation moves, and run none.")
    private boolean list;

    @Option(names = "--strict", description = "Cases that are skipped count as failures.")
    private boolean strict;

    @Option(names = "--json", description = "Print the report as JSON instead of text.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print only cases that failed or were skipped, and the summary.")
    private boolean quiet;

    @Option(
            names = "--large",
            description =
                    "Also cases that take minutes: trained models in bf16, and emulated ones of more than 200 million lane-instructions.")
    private boolean large;

    @Option(
            names = "--stats",
            description =
                    "Print what the emulator counted for each kernel: instructions, bytes, sectors, bank conflicts.")
    private boolean stats;

    /**
     * @param home where clusca is installed, with {@code models/} and {@code test/golden/}; null if that is not known
     * @param cancelled asked between cases whether to stop
     */
    public VerifyCommand(@Nullable Path home, BooleanSupplier cancelled) {
        this.home = home;
        this.cancelled = cancelled;
    }

    @Override
    public Integer call() {
        long start = System.nanoTime();
        if (golden != null && !Files.isDirectory(golden)) {
            throw Usage.refuse(
                    spec,
                    "the golden folder " + golden + (Files.exists(golden) ? " is a file" : " does not exist")
                            + "; name a folder with golden sets");
        }
        PrintWriter out = spec.commandLine().getOut();
        BackendOptions options = choice.options();
        try (Backend backend = choice.open()) {
            if (stats && BackendChoice.emulator(backend.name()).isEmpty()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--stats prints what the emulator counts; add --emulate, and --backend cuda");
            }
            if (backend.name().equals(REFERENCE)) {
                return verify(backend, backend, out, start);
            }
            try (Backend reference = Backends.require(REFERENCE, options)) {
                return verify(backend, reference, out, start);
            }
        }
    }

    /** {@link #call} on backends that are open already; {@code reference} may be {@code backend} itself. */
    int verify(Backend backend, Backend reference, PrintWriter stdout, long startNanos) {
        PrintWriter out = json ? new PrintWriter(Writer.nullWriter()) : stdout;
        List<OpCase> operations =
                OpCases.all().stream().filter(c -> selected(c.name())).toList();
        List<Case> goldenCases = goldenCases(backend, reference, out).stream()
                .filter(c -> selected(c.name()) || (golden != null && c.name().equals(GoldenSets.FOLDER)))
                .toList();
        if (list) {
            operations.forEach(c ->
                    stdout.println(c.name() + "  " + c.shape() + "  " + c.cost().bytes() + " bytes"));
            goldenCases.forEach(c -> stdout.println(c.name() + "  " + c.dtype() + "  " + c.shape()));
            stdout.println(operations.size() + goldenCases.size() + " cases"
                    + (operations.isEmpty() && goldenCases.isEmpty() ? "; no name has '" + only + "' in it" : ""));
            stdout.flush();
            return operations.isEmpty() && goldenCases.isEmpty() ? 1 : 0;
        }
        out.println("backend " + backend.name() + ": " + backend.description() + "; seed " + seed);
        if (backend == reference && !operations.isEmpty()) {
            out.println(
                    "The reference backend is what other backends are compared with. Its own operations are only checked for stray and missing"
                            + " writes, changed inputs, NaN, and equal results twice; golden values check its numbers.");
        }
        Verification verification =
                new Verification(out, quiet, strict, name -> rerun(backend, name), cancelled, backend::synchronize);
        Optional<EmulatedDriver> emulator = BackendChoice.emulator(backend.name());
        KernelCounts counts = new KernelCounts();
        emulator.ifPresent(driver -> driver.onLaunch(counts));
        Effort effort = emulator.isEmpty() || large
                ? Effort.FREE
                : new Effort(Effort.MOST_LANES, isAsStated(backend.name(), emulator.get()) ? counts::lanes : () -> 0);
        try {
            verification.run(operations.stream()
                    .map(c -> new OpCheck(c, backend, reference, seed, effort))
                    .toList());
            verification.run(goldenCases);
        } catch (CancellationException e) {
            throw new WorkKept("interrupted; " + verification.tally() + " until then", e);
        }
        if (only != null && operations.isEmpty() && goldenCases.isEmpty()) {
            out.println("no case has a name in which '" + only + "' is found; --list shows the names");
        }
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        verification.summary(seconds);
        if (stats) {
            out.print(counts.table());
            out.flush();
        }
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("schema", SCHEMA);
            report.put("backend", backend.name());
            report.put("description", backend.description());
            report.put("seed", seed);
            report.put("seconds", seconds);
            report.putAll(verification.report());
            if (stats) {
                report.put("kernels", counts.report());
            }
            stdout.print(Json.pretty(report));
            stdout.flush();
        }
        return verification.isGood() ? 0 : 1;
    }

    private List<Case> goldenCases(Backend backend, Backend reference, PrintWriter out) {
        GoldenContext context = new GoldenContext(
                backend,
                reference,
                home,
                large,
                note -> {
                    out.println("  .. " + note);
                    out.flush();
                },
                cancelled);
        if (golden != null) {
            return GoldenSets.cases(golden, context);
        }
        Path usual = home == null ? null : home.resolve("test").resolve("golden");
        if (usual == null || !Files.isDirectory(usual)) {
            return List.of(GoldenCase.skipped(
                    GoldenSets.FOLDER, "there is no folder test/golden in the installation; name one with --golden"));
        }
        return GoldenSets.cases(usual, context);
    }

    /** Cases state what the fast kernels cost on the emulated device as it is by default; a variant, or a device of more multiprocessors, may take more, which is no fault of it. */
    private static boolean isAsStated(String backend, EmulatedDriver driver) {
        return BackendName.of(backend).variant() == null
                && driver.device().multiprocessors() == DeviceModel.standard().multiprocessors();
    }

    private boolean selected(String name) {
        return only == null || only.matcher(name).find();
    }

    /** The command that runs one case again. */
    private String rerun(Backend backend, String name) {
        List<String> words = new ArrayList<>(List.of("./clusca", "verify", "--backend", backend.name()));
        if (BackendChoice.emulator(backend.name()).isPresent()) {
            words.add("--emulate");
        }
        if (golden != null) {
            words.addAll(List.of("--golden", quoted(golden.toString())));
        }
        if (choice.threads() != 0) {
            words.addAll(List.of("--threads", Integer.toString(choice.threads())));
        }
        if (large) {
            words.add("--large");
        }
        words.addAll(List.of("--op", quoted("^" + name.replaceAll("([.+*?()\\[\\]{}|^$\\\\])", "\\\\$1") + "$")));
        words.addAll(List.of("--seed", Long.toString(seed)));
        return String.join(" ", words);
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
