package dev.clusca.bench;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Runs {@link DitTimes} or {@link FluxTimes} and {@code peers.py} in turns, A B A B, each in a process of its own, and adds a line for each process to a record, which {@link PeerTable} reads. Method:
 * {@code bench/METHOD.md}; called by {@code bench/peers.sh}.
 *
 * <pre>
 *   AgainstPyTorch PYTHON DEVICE THREADS ROUNDS COMMIT OUT [--quick] MODEL:DTYPE:ROWS..
 *   PYTHON    one that imports torch; "-" where there is none, and then clusca runs alone
 *   DEVICE    cpu or cuda, of both sides
 * </pre>
 */
public final class AgainstPyTorch {
    private static final String NO_PYTHON = "-";
    private static final String QUICK = "--quick";

    private final String python;
    private final String device;
    private final String threads;
    private final boolean quick;
    private final Path out;
    private final Map<String, Object> run = new LinkedHashMap<>();

    private AgainstPyTorch(String python, String device, String threads, boolean quick, String commit, Path out) {
        this.python = python;
        this.device = device;
        this.threads = threads;
        this.quick = quick;
        this.out = out;
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        run.put("schema", PeerTable.SCHEMA);
        run.put("kind", "model");
        run.put("run", now);
        run.put("date", now.substring(0, now.indexOf('T')));
        run.put("commit", commit);
        run.put("machine", Machine.current().toJson());
    }

    /** What one pair of processes measures. */
    private record Size(String model, String dtype, String rows) {
        static Size parse(String text) {
            String[] parts = text.split(":");
            if (parts.length != 3) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not MODEL:DTYPE:ROWS, as in dit-xl/2:bf16:2, two rows being one image");
            }
            return new Size(parts[0], parts[1], parts[2]);
        }

        boolean isLarge() {
            return model.contains("xl") || isFlux();
        }

        boolean isFlux() {
            return FluxTimes.NAME.matcher(model).matches();
        }

        boolean isDecoder() {
            return DecodeTimes.NAME.matcher(model).matches();
        }

        /** The caching policy that is published for it. */
        String policy() {
            return isFlux() ? "clusca:interval=5,order=1,first=3,iterations=10" : "clusca:interval=5,order=2";
        }
    }

    static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 7) {
            throw new IllegalArgumentException(
                    "expected PYTHON DEVICE THREADS ROUNDS COMMIT OUT [--quick] MODEL:DTYPE:ROWS.., got "
                            + Arrays.toString(args));
        }
        boolean quick = args[6].equals(QUICK);
        List<Size> sizes =
                Arrays.stream(args).skip(quick ? 7 : 6).map(Size::parse).toList();
        AgainstPyTorch bench = new AgainstPyTorch(args[0], args[1], args[2], quick, args[4], Path.of(args[5]));
        boolean failed = false;
        for (Size size : sizes) {
            for (int round = 0; round < (quick ? 1 : Integer.parseInt(args[3])); round++) {
                try {
                    bench.ours(size);
                    for (String form : quick ? List.of("") : List.of("--freeze", "--compile")) {
                        bench.theirs(size, form);
                    }
                } catch (IOException e) {
                    // What is still to come must not be lost with it.
                    System.err.println("peers.sh: " + e.getMessage());
                    failed = true;
                }
            }
        }
        System.exit(failed ? 1 : 0);
    }

    private void ours(Size size) throws IOException, InterruptedException {
        if (size.isDecoder()) {
            ours(size, DecodeTimes.class, quick ? "1" : "5");
            return;
        }
        // A full step that fills ladders costs more than a plain one; the plain run is what is compared with PyTorch's.
        for (String policy : List.of(size.policy(), "full")) {
            boolean slow = device.equals("cpu") && size.isLarge() && policy.equals("full");
            String steps = quick || slow ? "8" : Integer.toString(PeerTable.STEPS);
            ours(size, size.isFlux() ? FluxTimes.class : DitTimes.class, steps, policy);
        }
    }

    private void ours(Size size, Class<?> program, String... settings) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName(),
                size.model(),
                size.dtype(),
                size.rows(),
                device,
                threads));
        command.addAll(List.of(settings));
        List<String> lines = run(command);
        Map<String, Object> entry = new LinkedHashMap<>(run);
        entry.put("side", "clusca");
        entry.putAll(PeerTable.object(Json.parse(lines.getLast(), program.getSimpleName())));
        add(entry);
    }

    private void theirs(Size size, String form) throws IOException, InterruptedException {
        if (python.equals(NO_PYTHON)) {
            return;
        }
        List<String> command = new ArrayList<>(List.of(
                python,
                "bench/peers.py",
                "model",
                size.model(),
                "--dtype",
                size.dtype(),
                "--rows",
                size.rows(),
                "--threads",
                threads,
                "--device",
                device));
        command.addAll(quick ? List.of("--limit", "0.2", "--least", "1") : List.of("--least", "3", form));
        Map<String, Object> entry = new LinkedHashMap<>(run);
        entry.put("side", quick ? "pytorch" : "pytorch " + form);
        for (String line : run(command)) {
            Map<String, Object> measured = PeerTable.object(Json.parse(line, "peers.py"));
            entry.putAll(PeerTable.object(measured.get("case")));
            entry.put("dtype", measured.get("dtype"));
            entry.put("device", measured.get("device"));
            entry.put("threads", measured.get("threads"));
            entry.put("torch", text(measured, "peer").replace("pytorch ", ""));
            entry.put("frozen", !quick && form.equals("--freeze"));
            entry.put(
                    key(text(measured, "what"), text(measured, "form")),
                    Map.of(
                            "median_ms",
                            milliseconds(measured, "median_us"),
                            "min_ms",
                            milliseconds(measured, "min_us")));
        }
        entry.remove("iterations"); // stands in the key
        add(entry);
    }

    /** As the record names a measurement: {@code full}, {@code cached_hoisted}, {@code full_compiled_hoisted}, {@code kmeans20}. */
    private static String key(String what, String form) {
        String name = what.equals("kmeans") ? "kmeans20" : what.replace(" step", "");
        return name + (form.startsWith("eager") ? "" : "_compiled") + (form.endsWith("hoisted") ? "_hoisted" : "");
    }

    private static double milliseconds(Map<String, Object> measured, String key) {
        return ((Number) value(measured, key)).doubleValue() / 1000;
    }

    private static String text(Map<String, Object> measured, String key) {
        return value(measured, key).toString();
    }

    private static Object value(Map<String, Object> measured, String key) {
        return Objects.requireNonNull(measured.get(key), () -> "peers.py said nothing of " + key);
    }

    /** At once, so that a run that is broken off keeps what it measured, and whole, so that it leaves no part of a line. */
    private void add(Map<String, Object> entry) throws IOException {
        String line = Json.text(entry);
        System.err.println(line);
        String before = Files.exists(out) ? Files.readString(out) : "";
        AtomicFile.write(out, before + line + "\n");
    }

    /** The lines that a process printed. */
    private static List<String> run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("exit code " + process.exitValue() + " of " + String.join(" ", command));
        }
        return text.strip().lines().toList();
    }
}
