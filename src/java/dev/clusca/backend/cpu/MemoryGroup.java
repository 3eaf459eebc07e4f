package dev.clusca.backend.cpu;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** The control groups of Linux, which limit the memory of containers and services: a process that takes more is killed, however much the machine has. */
final class MemoryGroup {
    private static final Path MEMBERSHIP = Path.of("/proc/self/cgroup");
    private static final Path MOUNT = Path.of("/sys/fs/cgroup");

    /** How the two versions of control groups name the same things. */
    private enum Version {
        ONE("memory.limit_in_bytes", "memory.usage_in_bytes", List.of("total_inactive_file ", "total_active_file ")),
        TWO("memory.max", "memory.current", List.of("inactive_file ", "active_file "));

        private final String limit;
        private final String usage;
        private final List<String> cached;

        Version(String limit, String usage, List<String> cached) {
            this.limit = limit;
            this.usage = usage;
            this.cached = cached;
        }
    }

    private MemoryGroup() {}

    /**
     * Bytes that this process can take before its group, or one around it, is at its limit; {@link Long#MAX_VALUE} where there is none. Files that Linux keeps in memory count as free:
     * it gives them up first.
     */
    static long free() {
        return free(MEMBERSHIP, MOUNT);
    }

    /**
     * The same by other files.
     *
     * @param membership lines as {@code 0::/path} and {@code 4:memory:/path}
     * @param mount where groups are folders, those of version 1 in folders of their controller
     */
    static long free(Path membership, Path mount) {
        long free = Long.MAX_VALUE;
        for (String line : Processor.lines(membership)) {
            String[] parts = line.split(":", 3);
            if (parts.length < 3) {
                continue;
            }
            if (parts[1].isEmpty()) {
                free = Math.min(free, free(mount, parts[2], Version.TWO));
            } else if (Arrays.asList(parts[1].split(",")).contains("memory")) {
                free = Math.min(free, free(mount.resolve("memory"), parts[2], Version.ONE));
            }
        }
        return free;
    }

    private static long free(Path root, String path, Version version) {
        Path group = root.resolve(path.replaceFirst("^/+", "")).normalize();
        if (!group.startsWith(root) || !Files.isDirectory(group)) {
            // In a container its own group is the root, whatever it is called outside.
            group = root;
        }
        long free = Long.MAX_VALUE;
        for (Path at = group; at != null && at.startsWith(root); at = at.getParent()) {
            OptionalLong limit = number(at.resolve(version.limit));
            OptionalLong usage = number(at.resolve(version.usage));
            if (limit.isPresent() && usage.isPresent()) {
                long used = usage.getAsLong() - cached(at, version);
                free = Math.min(free, Math.max(0, limit.getAsLong() - used));
            }
        }
        return free;
    }

    private static long cached(Path group, Version version) {
        return Processor.lines(group.resolve("memory.stat")).stream()
                .filter(line -> version.cached.stream().anyMatch(line::startsWith))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    /** The number in a file, if there is one: not where it says {@code max}. */
    private static OptionalLong number(Path file) {
        return Processor.lines(file).stream()
                .filter(line -> line.matches("\\d{1,19}"))
                .mapToLong(Long::parseLong)
                .findFirst();
    }
}
