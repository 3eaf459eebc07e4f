package dev.clusca.cli;

import dev.clusca.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The files that a command was asked to write, looked at before minutes are spent on what goes into them: each is another one, none is what the command reads, and all can be written. */
public final class OutputFiles {
    private final CommandSpec spec;
    private final Map<Path, String> read = new HashMap<>();
    private final Map<Path, String> written = new HashMap<>();
    private final List<Path> inOrder = new ArrayList<>();

    private OutputFiles(CommandSpec spec) {
        this.spec = spec;
    }

    /** None yet. */
    public static OutputFiles of(CommandSpec spec) {
        return new OutputFiles(spec);
    }

    /**
     * The command reads a file, or nothing.
     *
     * @param option which names it
     */
    public OutputFiles reads(String option, @Nullable Path file) {
        if (file != null) {
            read.put(whole(file), option);
            String writer = written.get(whole(file));
            if (writer != null) {
                throw overwriting(file, option, writer);
            }
        }
        return this;
    }

    /**
     * The command writes a file, or nothing.
     *
     * @throws IOException if it could not be written: why, and what to do
     */
    public OutputFiles writes(String option, @Nullable Path file) throws IOException {
        writesLater(option, file);
        if (file != null) {
            AtomicFile.checkWritable(file);
        }
        return this;
    }

    /** The command writes into a folder that may not be there yet, or writes nothing. */
    OutputFiles writesLater(String option, @Nullable Path file) {
        if (file != null) {
            String reader = read.get(whole(file));
            if (reader != null) {
                throw overwriting(file, reader, option);
            }
            String other = written.putIfAbsent(whole(file), option);
            if (other != null) {
                throw Usage.refuse(spec, file + " is named twice; give " + other + " and " + option + " a file each");
            }
            inOrder.add(file);
        }
        return this;
    }

    private ParameterException overwriting(Path file, String reader, String writer) {
        return Usage.refuse(spec, file + " is what " + reader + " reads; name another file with " + writer);
    }

    private static Path whole(Path file) {
        return file.toAbsolutePath().normalize();
    }

    /** Says that they were written. */
    void print(Session session) {
        inOrder.forEach(file -> session.printf("  wrote %s%n", file));
    }
}
