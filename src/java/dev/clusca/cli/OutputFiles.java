package dev.clusca.cli;

import dev.clusca.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The files that a command was asked to write, looked at before minutes are spent on what goes into them: each is another one, none is what the command reads, and all can be written. */
public final class OutputFiles {
    private static final Pattern OTHER_PICTURE =
            Pattern.compile("(?i)\\.(jpe?g|webp|gif|bmp|tiff?|svg|pdf|avif|heic)$");

    private final CommandSpec spec;
    private final Map<Path, String> read = new HashMap<>();
    private final Map<Path, String> written = new HashMap<>();
    private final List<Path> inOrder = new ArrayList<>();
    private final Set<Path> folders = new HashSet<>();

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
        return reads(option, file == null ? List.of() : List.of(file));
    }

    /**
     * The command reads files.
     *
     * @param option which names them, or the folder that they lie in
     */
    public OutputFiles reads(String option, List<Path> files) {
        for (Path file : files) {
            read.put(AtomicFile.target(file), option);
            String writer = written.get(AtomicFile.target(file));
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
        write(option, file);
        if (file != null && !comesWithFolder(AtomicFile.target(file))) {
            AtomicFile.checkWritable(file);
        }
        return this;
    }

    /**
     * The command writes a picture, or nothing. It is a PNG whatever its name, so a name that promises another kind is refused.
     *
     * @throws IOException if it could not be written: why, and what to do
     */
    public OutputFiles writesPicture(String option, @Nullable Path file) throws IOException {
        if (file != null) {
            Matcher other = OTHER_PICTURE.matcher(file.toString());
            if (other.find()) {
                throw Usage.refuse(
                        spec,
                        option + " is " + file
                                + ", but clusca writes PNG; name a file that ends in .png, and convert it"
                                + " where you need ." + other.group(1));
            }
        }
        return writes(option, file);
    }

    /** The command makes a folder if it is not there yet; until then files in it cannot be looked at. */
    OutputFiles makesFolder(String option, Path folder) {
        write(option, folder);
        folders.add(AtomicFile.target(folder));
        return this;
    }

    private boolean comesWithFolder(Path file) {
        Path folder = file.getParent();
        return folder != null && folders.contains(folder) && !Files.exists(folder);
    }

    private void write(String option, @Nullable Path file) {
        if (file != null) {
            Path target = AtomicFile.target(file);
            String reader = read.get(target);
            if (reader != null) {
                throw overwriting(file, reader, option);
            }
            String other = written.putIfAbsent(target, option);
            if (other != null) {
                throw Usage.refuse(spec, file + " is named twice; give " + other + " and " + option + " a file each");
            }
            inOrder.add(file);
        }
    }

    private ParameterException overwriting(Path file, String reader, String writer) {
        return Usage.refuse(spec, file + " is what " + reader + " reads; name another file with " + writer);
    }

    /** Says that they were written. */
    void print(Session session) {
        inOrder.forEach(file -> session.printf("  wrote %s%n", file));
    }
}
