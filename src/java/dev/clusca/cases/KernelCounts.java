package dev.clusca.cases;

import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.LaunchReport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What the emulator counted, summed for each kernel. Launches are reported by the thread that ran them. */
public final class KernelCounts implements Consumer<LaunchReport> {
    private static final String ROW = "%-40s %8s %14s %16s %14s %14s %12s %12s%n";

    private final Map<String, Sum> kernels = new TreeMap<>();
    private long lanes;

    private record Sum(long launches, Counts counts) {}

    @Override
    public synchronized void accept(LaunchReport report) {
        kernels.merge(
                report.kernel(),
                new Sum(1, report.total()),
                (a, b) -> new Sum(a.launches() + b.launches(), a.counts().plus(b.counts())));
        lanes += report.total().lanes();
    }

    /** Lane-instructions of all launches. */
    public synchronized long lanes() {
        return lanes;
    }

    /** A line for each kernel. */
    public synchronized String table() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                ROW,
                "kernel",
                "launches",
                "instructions",
                "lanes",
                "bytes loaded",
                "bytes stored",
                "sectors",
                "conflicts"));
        kernels.forEach((name, sum) -> {
            Counts c = sum.counts();
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    name,
                    sum.launches(),
                    c.instructions(),
                    c.lanes(),
                    c.globalLoadBytes(),
                    c.globalStoreBytes(),
                    c.sectors(),
                    c.extraWavefronts()));
        });
        return text.toString();
    }

    /** The same for a JSON report. */
    public synchronized List<Map<String, Object>> report() {
        return kernels.entrySet().stream()
                .map(e -> {
                    Counts c = e.getValue().counts();
                    Map<String, Object> row = new LinkedHashMap<>();
                    row.put("kernel", e.getKey());
                    row.put("launches", e.getValue().launches());
                    row.put("instructions", c.instructions());
                    row.put("lanes", c.lanes());
                    row.put("bytes_loaded", c.globalLoadBytes());
                    row.put("bytes_stored", c.globalStoreBytes());
                    row.put("sectors", c.sectors());
                    row.put("bank_conflicts", c.extraWavefronts());
                    return row;
                })
                .toList();
    }
}
