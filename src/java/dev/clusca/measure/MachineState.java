package dev.clusca.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What Linux says about the processors at one moment, as far as it says anything: what may explain a time that nobody expected.
 *
 * @param megahertz mean clock of the processors
 * @param throttles how often the first processor was slowed down because of its heat
 * @param ticks of all processors since the start
 * @param stolen of these, ticks that a hypervisor gave to others
 */
record MachineState(OptionalDouble megahertz, OptionalLong throttles, long ticks, long stolen) {
    /** Now. */
    static MachineState now() {
        return of(
                lines("/proc/cpuinfo"),
                lines("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"),
                lines("/proc/stat"));
    }

    /** What the lines of Linux's files say, of which any may be missing. */
    static MachineState of(List<String> cpuinfo, List<String> throttleCount, List<String> stat) {
        OptionalDouble clock = cpuinfo.stream()
                .filter(line -> line.startsWith("cpu MHz"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(':') + 1)))
                .average();
        OptionalLong throttles = throttleCount.stream()
                .mapToLong(line -> Long.parseLong(line.strip()))
                .findFirst();
        long ticks = 0;
        long stolen = 0;
        if (!stat.isEmpty()) {
            // cpu user nice system idle iowait irq softirq steal ..
            String[] fields = stat.getFirst().split(" +");
            for (int i = 1; i < Math.min(fields.length, 9); i++) {
                ticks += Long.parseLong(fields[i]);
            }
            stolen = fields.length > 8 ? Long.parseLong(fields[8]) : 0;
        }
        return new MachineState(clock, throttles, ticks, stolen);
    }

    /** What happened since an earlier moment: keys are left out where the system does not say. */
    Map<String, Object> since(MachineState before) {
        Map<String, Object> json = new LinkedHashMap<>();
        megahertz.ifPresent(mhz -> json.put("mhz", mhz));
        if (throttles.isPresent() && before.throttles.isPresent()) {
            json.put("throttled", throttles.getAsLong() - before.throttles.getAsLong());
        }
        if (ticks > before.ticks) {
            json.put("stolen", (double) (stolen - before.stolen) / (ticks - before.ticks));
        }
        return json;
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
