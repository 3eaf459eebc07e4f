package dev.clusca.cli;

import picocli.CommandLine.Option;

/** The options that say what a command prints. */
final class OutputOptions {
    @Option(names = "--json", description = "Print the report as JSON instead of text.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors (and the JSON of --json).")
    private boolean quiet;

    /** Whether the report goes to the standard output. */
    boolean json() {
        return json;
    }

    /** Whether text for people goes to the standard output. */
    boolean text() {
        return !json && !quiet;
    }

    boolean quiet() {
        return quiet;
    }
}
