package dev.clusca.cli;

import dev.clusca.backend.BackendException;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.FileFailure;
import dev.clusca.measure.ResultException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one sentence on the error output and an exit code. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int INTERRUPTED = 130;

    private final Session session;

    Failures(Session session) {
        this.session = session;
    }

    /** Wrong usage: the sentence, what might have been meant, and where to read on. */
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        StringBuilder text =
                new StringBuilder(name).append(": ").append(oneLine(message(e)).replaceFirst("\\.$", ""));
        if (e instanceof UnmatchedArgumentException unmatched) {
            List<String> suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty()) {
                text.append("; did you mean ")
                        .append(String.join(" or ", suggestions))
                        .append('?');
            }
        }
        text.append("; ").append(name).append(" --help explains\n");
        session.complain(text.toString());
        if (isDebug(command)) {
            session.complain(trace(e));
        }
        return USAGE;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult result) {
        return report(e, command);
    }

    /** Prints the sentence for an error in a command that had begun. */
    int report(Throwable e, CommandLine command) {
        boolean debug = isDebug(command);
        String text = switch (e) {
            case WorkKept kept -> message(kept);
            case CancellationException c -> "interrupted; nothing was written";
            case OutOfMemoryError o ->
                "out of Java heap memory (" + o.getMessage() + "); "
                        + (command.getCommandSpec().optionsMap().containsKey("--batch")
                                ? "compute fewer images at once (--batch), or "
                                : "")
                        + "give Java more: CLUSCA_JAVA_OPTS=-Xmx8g";
            case BackendException b -> message(b);
            case CheckpointException c -> message(c);
            case ResultException r -> message(r);
            case NativeUnavailableException n -> message(n);
            case IOException io -> FileFailure.sentence(io);
            case UncheckedIOException io -> FileFailure.sentence(Objects.requireNonNull(io.getCause()));
            default ->
                "internal error: " + oneLine(e.toString())
                        + (debug ? "" : "; run again with --debug and report the stack trace");
        };
        session.complain(command.getCommandSpec().qualifiedName() + ": " + text + "\n");
        if (debug) {
            session.complain(trace(e));
        }
        return e instanceof CancellationException ? INTERRUPTED : FAILED;
    }

    private static String message(Exception e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\R\\s*", " ").strip();
    }

    private static boolean isDebug(CommandLine command) {
        CommandLine root = command;
        while (root.getParent() != null) {
            root = root.getParent();
        }
        return root.getCommand() instanceof Clusca clusca && clusca.debug();
    }

    private static String trace(Throwable e) {
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }
}
