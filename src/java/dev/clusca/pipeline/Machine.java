package dev.clusca.pipeline;

import dev.clusca.backend.ProcessorName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The machine that a report's numbers come from.
 *
 * @param cpu the processor's name with its generation: {@code AMD EPYC (Zen 4)}
 * @param cores processors that this process may use
 * @param memoryMiB main memory as Linux gives it, 0 elsewhere
 * @param heapMiB the most that Java's heap may grow to; tensors lie outside of it
 * @param os name, version and architecture of the operating system
 * @param jdk version of the running Java
 */
public record Machine(String cpu, int cores, long memoryMiB, long heapMiB, String os, String jdk) {
    private static final long MIB = 1 << 20;

    /** This machine. */
    public static Machine current() {
        String arch = System.getProperty("os.arch");
        return new Machine(
                ProcessorName.current(),
                Runtime.getRuntime().availableProcessors(),
                memoryKib() / 1024,
                Runtime.getRuntime().maxMemory() / MIB,
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + arch,
                Runtime.version() + " (" + System.getProperty("java.vendor") + ")");
    }

    /** As it stands in a report. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu", cpu);
        json.put("cores", cores);
        json.put("memory_mib", memoryMiB);
        json.put("heap_mib", heapMiB);
        json.put("os", os);
        json.put("jdk", jdk);
        return json;
    }

    private static long memoryKib() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0L);
        } catch (IOException e) {
            return 0; // not Linux
        }
    }
}
