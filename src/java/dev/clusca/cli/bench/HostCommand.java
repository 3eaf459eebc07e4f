package dev.clusca.cli.bench;

import dev.clusca.checkpoint.AtomicFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench host}: what clusca costs on the host, measured by JMH in JVMs of its own. */
@Command(
        name = "host",
        header = "Measures what clusca costs on the host.",
        description = {
            "",
            "Calls into native code, launches of kernels and graphs on a CUDA driver that does nothing, views of tensors, loading of "
                    + "a warm checkpoint, PNG: time and garbage of each. Needs no GPU. Fails if a launch makes garbage.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench host                       all, in two or three minutes",
            "  ./clusca bench host --quick 'Launch|View'",
            "  ./clusca bench host --json host.json"
        })
public final class HostCommand implements Callable<Integer> {
    private static final String MAIN = "dev.clusca.bench.HostBenchmarks";

    private final @Nullable Path home;
    private final BooleanSupplier cancelled;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "REGEX",
            description = "Only benchmarks in whose name the expression is found, as in LaunchBenchmark.launch.")
    private @Nullable Pattern only;

    @Option(names = "--quick", description = "Short iterations: a first look, and no record.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the results to a file, as JSON.")
    private @Nullable Path json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    /**
     * @param home where clusca is installed, with {@code bench/target/clusca-bench.jar}; null if that is not known
     * @param cancelled asked again and again whether to stop
     */
    public HostCommand(@Nullable Path home, BooleanSupplier cancelled) {
        this.home = home;
        this.cancelled = cancelled;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path jar = home == null ? null : home.resolve("bench").resolve("target").resolve("clusca-bench.jar");
        if (jar == null || !Files.isRegularFile(jar)) {
            throw new IOException("the host benchmarks are no part of the library and "
                    + (jar == null ? "are not here" : jar + " is not there")
                    + "; in the source tree, ./clusca bench host builds them");
        }
        if (json != null) {
            AtomicFile.checkWritable(json);
        }
        Process process = new ProcessBuilder(command(jar))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        PrintWriter out = spec.commandLine().getOut();
        Thread printer = Thread.ofVirtual().start(() -> print(process, quiet ? Writer.nullWriter() : out));
        while (!process.waitFor(100, TimeUnit.MILLISECONDS)) {
            if (cancelled.getAsBoolean()) {
                // The JVMs that JMH started, too.
                process.descendants().forEach(ProcessHandle::destroy);
                process.destroy();
                throw new CancellationException();
            }
        }
        printer.join();
        return process.exitValue();
    }

    private List<String> command(Path jar) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", // JMH's
                "-cp",
                jar.toString(),
                MAIN));
        if (quick) {
            command.add("--quick");
        }
        if (json != null) {
            command.addAll(List.of("--json", json.toString()));
        }
        if (only != null) {
            command.add(only.pattern());
        }
        return command;
    }

    private static void print(Process process, Writer out) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                out.write(line + "\n");
                out.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
