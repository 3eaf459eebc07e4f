package dev.clusca;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Scripts that stand in for programs. */
public final class Script {
    private Script() {}

    /** Writes a script that can be run, of bash where it does not say what it is of, and the folders above it. */
    public static Path write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text.startsWith("#!") ? text : "#!/bin/bash\n" + text);
        if (!file.toFile().setExecutable(true)) {
            throw new IOException(file + " cannot be made executable");
        }
        return file;
    }
}
