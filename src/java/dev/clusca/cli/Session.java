package dev.clusca.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.Charset;
import java.nio.file.Files;
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
    /** The session of this process. */
    static Session ofProcess(BooleanSupplier cancelled) {
        String home = System.getProperty("clusca.home");
        boolean terminal = System.console() != null
                && System.console().isTerminal()
                && leadsToTerminal(2)
                && System.getenv("CI") == null
                && !"dumb".equals(System.getenv("TERM"));
        return new Session(
                writer(FileDescriptor.out, 1, System.out.charset()),
                writer(FileDescriptor.err, 2, System.err.charset()),
                home == null ? null : Path.of(home),
                terminal,
                terminal && System.getenv("NO_COLOR") == null,
                cancelled);
    }

    /** Not over {@code System.out}, which hides what could not be written. */
    private static Writer writer(FileDescriptor file, int number, Charset charset) {
        return new OutputStreamWriter(
                new FileOutputStream(file) {
                    @Override
                    public void write(byte[] bytes, int from, int count) throws IOException {
                        try {
                            super.write(bytes, from, count);
                        } catch (IOException e) {
                            if (!isPipe(number)) {
                                throw e;
                            }
                            // Whoever reads has seen enough, as head has.
                        }
                    }
                },
                charset);
    }

    /** Whether a descriptor of this process leads to another process. What goes wrong there is told in the user's language. */
    private static boolean isPipe(int descriptor) {
        String target = target(descriptor);
        return target.startsWith("pipe:") || target.startsWith("socket:");
    }

    /** Whether a person sees what is written there; of the error output, a log's lines are no place for progress. {@code System.console()} looks at the others alone. */
    private static boolean leadsToTerminal(int descriptor) {
        String target = target(descriptor);
        return target.isEmpty() || target.startsWith("/dev/pts/") || target.matches("/dev/(tty|console|hvc).*");
    }

    /** Where a descriptor of this process leads; nothing where that is not known. */
    private static String target(int descriptor) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(descriptor)))
                    .toString();
        } catch (IOException e) {
            return ""; // not Linux
        }
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
    public void checkCancelled() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the run was told to stop");
        }
    }

    /** What prints results for those who need a writer: unlike others it throws what goes wrong. */
    PrintWriter printer() {
        return new PrintWriter(
                new Writer() {
                    @Override
                    public void write(char[] text, int from, int count) {
                        print(new String(text, from, count));
                    }

                    @Override
                    public void flush() {}

                    @Override
                    public void close() {}
                },
                true);
    }

    private static void write(Writer writer, String text) {
        try {
            writer.write(text);
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot print: " + e.getMessage(), e));
        }
    }
}
