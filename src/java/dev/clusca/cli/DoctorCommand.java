package dev.clusca.cli;

import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.Backends;
import dev.clusca.bindings.CpuLibrary;
import dev.clusca.bindings.CublasLibrary;
import dev.clusca.bindings.CublasLtLibrary;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeCache;
import dev.clusca.bindings.NativeLibrary;
import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.Report;
import dev.clusca.pipeline.Version;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code doctor}: what can run on this machine, and for what cannot, why and what to do. */
@Command(
        name = "doctor",
        header = "Shows what can run on this machine, and why not.",
        description = {
            "",
            "Lists every backend with its variants, and every native library: which of them 'auto' takes, and for those that "
                    + "cannot be used the cause and the remedy. Fails if no backend can run.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca doctor",
            "  ./clusca doctor --json > doctor.json",
            "  ./clusca doctor --emulate       what an emulated GPU offers"
        })
final class DoctorCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private OutputOptions output;

    DoctorCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        List<Backends.Candidate> candidates = Backends.discover();
        String chosen = candidates.stream()
                .filter(Backends.Candidate::isUsable)
                .map(c -> c.provider().name())
                .findFirst()
                .orElse(null);
        if (output.json()) {
            session.print(Json.pretty(report(candidates, chosen)));
        }
        if (output.text()) {
            print(candidates, chosen);
        }
        return chosen == null ? Failures.FAILED : 0;
    }

    private static List<NativeLibrary> libraries() {
        return List.of(
                CpuLibrary.gate(),
                OneDnnLibrary.gate(),
                CudaLibrary.gate(),
                CudnnLibrary.gate(),
                CublasLtLibrary.gate(),
                CublasLibrary.gate());
    }

    private void print(List<Backends.Candidate> candidates, @Nullable String chosen) {
        Machine machine = Machine.current();
        String line = "%-8s %s%n";
        session.printf(line, "clusca", Version.current());
        session.printf(line, "java", machine.jdk());
        session.printf(line, "os", machine.os());
        session.printf(line, "cpu", machine.cpu() + ", " + machine.cores() + " cores for this process");
        session.printf(line, "memory", machine.memoryMiB() + " MiB, Java heap up to " + machine.heapMiB() + " MiB");
        session.printf(line, "cache", NativeCache.ofUser().root());
        session.print("\nbackends\n");
        for (Backends.Candidate c : candidates) {
            switch (c.probe()) {
                case BackendProvider.Probe.Usable u -> {
                    session.printf(
                            "  %-10s %s%s%n",
                            c.provider().name(), u.device(), c.provider().name().equals(chosen) ? " (auto)" : "");
                    variants(c).forEach((name, what) -> session.printf("  %-10s %s%n", name, what));
                }
                case BackendProvider.Probe.Unusable u ->
                    session.printf(
                            "  %-10s not usable: %s%n             remedy: %s%n",
                            c.provider().name(), u.cause(), u.remedy());
            }
        }
        if (chosen == null) {
            session.print("  none can run\n");
        }
        for (Backends.Candidate c : candidates) {
            c.provider().selections().forEach(selection -> print(c.provider().name(), selection));
        }
        session.print("\nlibraries\n");
        for (NativeLibrary library : libraries()) {
            library.unavailabilityCause()
                    .ifPresentOrElse(
                            cause -> session.printf(
                                    "  %-24s not available: %s%n%27sremedy: %s%n",
                                    library.name(), cause.found(), "", cause.remedy()),
                            () -> session.printf(
                                    "  %-24s %s%s%n", library.name(), library.origin(), passedOver(library)));
        }
    }

    /** Who computes a part of a backend, why, and who else can or cannot. */
    private void print(String backend, BackendProvider.Selection selection) {
        session.printf("%n%s of %s%n", selection.part(), backend);
        session.printf("  %-10s is taken: %s%n", selection.taken(), selection.reason());
        for (BackendProvider.Selection.Option option : selection.options()) {
            switch (option.state()) {
                case BackendProvider.Probe.Usable u -> session.printf("  %-10s %s%n", option.name(), u.device());
                case BackendProvider.Probe.Unusable u ->
                    session.printf(
                            "  %-10s not usable: %s%n             remedy: %s%n", option.name(), u.cause(), u.remedy());
            }
        }
    }

    /** Other versions or copies of a library, which somebody may have meant. */
    private static String passedOver(NativeLibrary library) {
        List<Path> others = library.passedOver();
        return others.isEmpty()
                ? ""
                : ", taken before " + others.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** The variants that can be opened, and what they are. */
    private static Map<String, String> variants(Backends.Candidate candidate) {
        Map<String, String> variants = new LinkedHashMap<>();
        BackendProvider provider = candidate.provider();
        for (BackendProvider.Variant v : provider.variants()) {
            variants.put(new BackendName(provider.name(), v.name()).toString(), v.what());
        }
        return variants;
    }

    private static Map<String, @Nullable Object> report(List<Backends.Candidate> candidates, @Nullable String chosen) {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("schema", Report.SCHEMA);
        report.put("report", "doctor");
        report.put("version", Version.current());
        report.put("machine", Machine.current().toJson());
        report.put("cache", NativeCache.ofUser().root().toString());
        report.put("auto", chosen);
        List<Map<String, @Nullable Object>> backends = new ArrayList<>();
        for (Backends.Candidate c : candidates) {
            Map<String, @Nullable Object> backend = new LinkedHashMap<>();
            backend.put("name", c.provider().name());
            backend.put("usable", c.isUsable());
            switch (c.probe()) {
                case BackendProvider.Probe.Usable u -> {
                    backend.put("device", u.device());
                    backend.put("variants", variants(c));
                }
                case BackendProvider.Probe.Unusable u -> {
                    backend.put("cause", u.cause());
                    backend.put("remedy", u.remedy());
                }
            }
            backend.put(
                    "selections",
                    c.provider().selections().stream()
                            .map(DoctorCommand::report)
                            .toList());
            backends.add(backend);
        }
        report.put("backends", backends);
        List<Map<String, @Nullable Object>> libraries = new ArrayList<>();
        for (NativeLibrary library : libraries()) {
            Map<String, @Nullable Object> entry = new LinkedHashMap<>();
            entry.put("name", library.name());
            entry.put("available", library.isAvailable());
            library.unavailabilityCause()
                    .ifPresentOrElse(
                            cause -> {
                                entry.put("cause", cause.found());
                                entry.put("remedy", cause.remedy());
                            },
                            () -> {
                                entry.put("file", library.origin().toString());
                                entry.put(
                                        "takenBefore",
                                        library.passedOver().stream()
                                                .map(Path::toString)
                                                .toList());
                            });
            libraries.add(entry);
        }
        report.put("libraries", libraries);
        return report;
    }

    private static Map<String, @Nullable Object> report(BackendProvider.Selection selection) {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("part", selection.part());
        report.put("taken", selection.taken());
        report.put("reason", selection.reason());
        List<Map<String, @Nullable Object>> options = new ArrayList<>();
        for (BackendProvider.Selection.Option option : selection.options()) {
            Map<String, @Nullable Object> entry = new LinkedHashMap<>();
            entry.put("name", option.name());
            switch (option.state()) {
                case BackendProvider.Probe.Usable u -> {
                    entry.put("usable", true);
                    entry.put("what", u.device());
                }
                case BackendProvider.Probe.Unusable u -> {
                    entry.put("usable", false);
                    entry.put("cause", u.cause());
                    entry.put("remedy", u.remedy());
                }
            }
            options.add(entry);
        }
        report.put("options", options);
        return report;
    }
}
