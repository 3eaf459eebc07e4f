package dev.clusca.backend.cpu;

import dev.clusca.backend.BackendOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/** What Linux says of the machine: the cores that this process may use, and its free memory. */
final class Processor {
    private static final Path OWN_STATUS = Path.of("/proc/self/status");
    private static final Path MEMORY_INFO = Path.of("/proc/meminfo");

    private Processor() {}

    /** Threads to compute with: as asked, or one for each physical core that the process may use. Two threads of a core would share its multipliers. */
    static int threads(BackendOptions options) {
        if (options.threads() > 0) {
            return options.threads();
        }
        int logical = Runtime.getRuntime().availableProcessors();
        int physical = physicalCores();
        return physical > 0 ? Math.min(physical, logical) : logical;
    }

    /** Bytes that this process can take before the machine swaps or a limit on its memory is met, or {@link Long#MAX_VALUE} if the machine does not say. */
    static long freeMemory() {
        return Math.min(bytes(MEMORY_INFO, "MemAvailable").orElse(Long.MAX_VALUE), MemoryGroup.free());
    }

    /** Bytes of memory, files left out, that this process has written and holds, if the system says. */
    static OptionalLong writtenMemory() {
        return bytes(OWN_STATUS, "RssAnon");
    }

    /** Bytes of the largest cache of the first processor, 0 if the system does not say. */
    static long lastLevelCache() {
        long largest = 0;
        for (int level = 0; level < 8; level++) {
            Path size = Path.of("/sys/devices/system/cpu/cpu0/cache/index" + level + "/size");
            try {
                String text = Files.readString(size).strip(); // as 32768K
                long unit = text.endsWith("M") ? 1 << 20 : text.endsWith("K") ? 1 << 10 : 1;
                largest = Math.max(largest, Long.parseLong(text.replaceAll("[^0-9]", "")) * unit);
            } catch (IOException | NumberFormatException e) {
                break;
            }
        }
        return largest;
    }

    /** Distinct cores among the processors in the process's affinity mask; 0 if the system does not say. */
    private static int physicalCores() {
        Set<String> cores = new HashSet<>();
        for (int cpu : field(OWN_STATUS, "Cpus_allowed_list")
                .findFirst()
                .map(Processor::numbers)
                .orElse(List.of())) {
            try {
                cores.add(Files.readString(
                        Path.of("/sys/devices/system/cpu/cpu" + cpu + "/topology/thread_siblings_list")));
            } catch (IOException e) {
                return 0;
            }
        }
        return cores.size();
    }

    /** The numbers in a list as Linux writes it: {@code 0-3,8}. */
    static List<Integer> numbers(String list) {
        return Stream.of(list.split(","))
                .filter(range -> !range.isBlank())
                .flatMap(range -> {
                    String[] ends = range.strip().split("-");
                    int first = Integer.parseInt(ends[0]);
                    int last = Integer.parseInt(ends[ends.length - 1]);
                    return Stream.iterate(first, n -> n <= last, n -> n + 1);
                })
                .toList();
    }

    /** The value of a {@code name: value kB} line. */
    private static OptionalLong bytes(Path file, String name) {
        return field(file, name)
                .mapToLong(value -> Long.parseLong(value.split(" ")[0]) * 1024)
                .findFirst();
    }

    /** The values of a {@code name : value} line. */
    private static Stream<String> field(Path file, String name) {
        return lines(file).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip());
    }

    /** A file's lines, none where it cannot be read. */
    static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
