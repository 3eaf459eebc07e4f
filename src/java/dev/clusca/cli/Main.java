package dev.clusca.cli;

import dev.clusca.cli.bench.BenchCommand;
import dev.clusca.cli.verify.VerifyCommand;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** The command line's entry: {@code ./clusca COMMAND [OPTIONS]}. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        int code;
        try (Interruption interruption = Interruption.install()) {
            Session session = Session.ofProcess(interruption);
            code = run(session, args);
        }
        System.exit(code);
    }

    /**
     * Runs one command within this process.
     *
     * @return the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted
     */
    public static int run(Session session, String... args) {
        Failures failures = new Failures(session);
        CommandLine root = commandLine(session, failures);
        try {
            return root.execute(args);
        } catch (OutOfMemoryError | UncheckedIOException e) {
            return failures.report(e, root);
        }
    }

    static CommandLine commandLine(Session session, Failures failures) {
        Clusca clusca = new Clusca();
        CommandLine root = new CommandLine(clusca);
        root.addSubcommand(new DemoCommand(session));
        root.addSubcommand(new SampleCommand(session));
        root.addSubcommand(new FluxCommand(session));
        root.addSubcommand(new DecodeCommand(session));
        root.addSubcommand(new InspectCommand(session));
        root.addSubcommand(new VerifyCommand(session.home(), session.cancelled()));
        root.addSubcommand(BenchCommand.with(session));
        root.addSubcommand(new FlopsCommand(session));
        root.addSubcommand(new DoctorCommand(session));
        root.addSubcommand(new HelpCommand());
        return Numbers.readBy(root)
                .setOut(session.printer())
                .setErr(new PrintWriter(session.err(), true))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        session.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpWidth(100)
                .setExecutionStrategy(parsed -> {
                    clusca.chooseDriver();
                    try {
                        return new CommandLine.RunLast().execute(parsed);
                    } catch (OutOfMemoryError | UncheckedIOException e) {
                        return failures.report(e, parsed.asCommandLineList().getLast());
                    }
                })
                .registerConverter(Path.class, Usage::path)
                .registerConverter(Pattern.class, Usage::pattern)
                .setExpandAtFiles(false) // an argument is never the name of a file with more arguments
                .setParameterExceptionHandler(failures)
                .setExecutionExceptionHandler(failures);
    }
}
