package dev.clusca.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a command sees of the process it runs in.
 *
 * @param out for results
 * @param err for errors and progress
 * @param home the folder that clusca is installed in, which holds {@code models}; null when it is not known
 * @param isTerminal whether a person watches, so that a progress line makes sense
 * @param colours whether help texts may be coloured
 * @param cancelled whether the run should stop
 */
public record Session(
        Writer out, Writer err, @Nullable Path home, boolean isTerminal, boolean colours, BooleanSupplier cancelled) {
    /** What Linux calls it when nobody reads on. */
    private static final String PIPE_CLOSED = "Broken pipe";

    /** The session of this process. */
    static Session ofProcess(BooleanSupplier cancelled) {
        String home = System.getProperty("clusca.home");
        boolean terminal = System.console() != null
                && System.console().isTerminal()
                && System.getenv("CI") == null
                && !"dumb".equals(System.getenv("TERM"));
        return new Session(
                writer(FileDescriptor.out, System.out.charset()),
                writer(FileDescriptor.err, System.err.charset()),
                home == null ? null : Path.of(home),
                terminal,
                terminal && System.getenv("NO_COLOR") == null,
                cancelled);
    }

    /** Not over {@code System.out}, which hides what could not be written. */
    private static Writer writer(FileDescriptor file, Charset charset) {
        return new OutputStreamWriter(new FileOutputStream(file), charset);
    }

    /** Prints a result. */
    public void print(String text) {
        write(out, text);
    }

    /** Prints a formatted result; numbers look the same in every locale. */
    public void printf(String format, Object... values) {
        print(String.format(Locale.ROOT, format, values));
    }

    /** Prints an error or progress. */
    public void complain(String text) {
        write(err, text);
    }

    /**
     * Asked between two pieces of work.
     *
     * @throws CancellationException if the run should stop
     */
    void checkCancelled() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the run was told to stop");
        }
    }

    void flush() {
        write(out, "");
        write(err, "");
    }

    private static void write(Writer writer, String text) {
        try {
            writer.write(text);
            writer.flush();
        } catch (IOException e) {
            if (PIPE_CLOSED.equals(e.getMessage())) {
                return; // whoever reads has seen enough, as head has
            }
            throw new UncheckedIOException(new IOException("cannot print: " + e.getMessage(), e));
        }
    }
}
