package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.Version;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where and with what a result was measured.
 *
 * @param device as the backend describes it: processor or GPU, threads or driver, instruction set
 * @param version of this library
 * @param commit of the sources, with {@code +} where they were changed since; {@code unknown} outside of a repository
 * @param date in UTC
 */
public record Environment(Machine machine, String device, String version, String commit, Instant date) {
    private static final int SHOWN_DIGITS = 10;

    /** Here and now. */
    public static Environment of(Backend backend, @Nullable Path home) {
        return new Environment(
                Machine.current(),
                backend.description(),
                Version.current(),
                commit(home),
                Instant.now().truncatedTo(ChronoUnit.SECONDS));
    }

    /** A name for the device that a file can have: {@code amd-epyc-zen-3-2-threads-avx2-own-products}. */
    public String slug() {
        return device.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }

    /** As it stands in a result file. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", version);
        json.put("commit", commit);
        json.put("date", date.toString());
        json.put("device", device);
        json.put("machine", machine.toJson());
        return json;
    }

    private static String commit(@Nullable Path home) {
        if (home == null) {
            return "unknown";
        }
        try {
            Process git = new ProcessBuilder(
                            "git",
                            "-C",
                            home.toString(),
                            "describe",
                            "--always",
                            "--abbrev=" + SHOWN_DIGITS,
                            "--exclude=*",
                            "--dirty=+")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String commit = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0 && !commit.isEmpty() ? commit : "unknown";
        } catch (IOException e) {
            return "unknown"; // no git
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
