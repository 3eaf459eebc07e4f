package dev.clusca.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The mounted file systems of this process, read to explain why a library does not load. */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mounts");

    private Mounts() {}

    /** Whether the file lies on a file system whose files may not be run; false when that cannot be told. */
    static boolean forbidExecution(Path file) {
        try {
            return forbidExecution(file.toRealPath(), Files.readAllLines(TABLE));
        } catch (IOException e) {
            return false;
        }
    }

    /** The same over the lines of a mount table: device, mount point, type, options. */
    static boolean forbidExecution(Path file, List<String> table) {
        int longest = -1;
        boolean forbidden = false;
        for (String line : table) {
            String[] fields = line.split(" ", -1);
            Path point = Path.of(fields[1].replace("\\040", " "));
            // Of two mounts on one point the later line is the visible one.
            if (file.startsWith(point) && point.getNameCount() >= longest) {
                longest = point.getNameCount();
                forbidden = Arrays.asList(fields[3].split(",")).contains("noexec");
            }
        }
        return forbidden;
    }
}
