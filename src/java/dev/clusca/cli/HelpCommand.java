package dev.clusca.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code help}: what a command's {@code --help} shows, for those who ask in this order. */
@Command(
        name = "help",
        header = "Shows the options of a command, as its --help does.",
        description = "",
        abbreviateSynopsis = true,
        footer = {"", "Examples:", "  ./clusca help sample", "  ./clusca help bench models"})
final class HelpCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command; of one below another both names.")
    private List<String> names = new ArrayList<>();

    @Override
    public void run() {
        CommandLine command = spec.root().commandLine();
        for (int i = 0; i < names.size(); i++) {
            CommandLine next = command.getSubcommands().get(names.get(i));
            if (next == null) {
                throw Usage.refuse(
                        spec,
                        "there is no command " + String.join(" ", names.subList(0, i + 1)) + "; "
                                + below(command, names.subList(0, i)));
            }
            command = next;
        }
        command.usage(spec.commandLine().getOut());
    }

    private String below(CommandLine command, List<String> above) {
        List<String> those = command.getSubcommands().keySet().stream()
                .filter(name -> !name.equals(spec.name()))
                .toList();
        return those.isEmpty()
                ? String.join(" ", above) + " has none below it"
                : "there are " + String.join(", ", those);
    }
}
