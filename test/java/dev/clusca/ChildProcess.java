package dev.clusca;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A process that a test started, with its output going to one stream. */
public final class ChildProcess {
    /**
     * How a process ended.
     *
     * @param exit its exit status
     * @param output all that it wrote
     */
    public record Result(int exit, String output) {}

    private final Process process;

    private ChildProcess(Process process) {
        this.process = process;
    }

    /**
     * Starts a program.
     *
     * @param environment variables that are added to this process's
     */
    public static ChildProcess start(Path folder, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            return new ChildProcess(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts a JVM like this one. */
    public static ChildProcess java(String classPath, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                // A shell starts what runs in the background deaf to Ctrl-C, and children inherit that: here they hear
                // it.
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath));
        command.addAll(List.of(arguments));
        return start(Path.of("").toAbsolutePath(), environment, command);
    }

    /** The class path of this process. */
    public static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** The process, to watch or to signal. */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Waits for the end. */
    public Result await() {
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a child process ran", e);
        }
    }
}
