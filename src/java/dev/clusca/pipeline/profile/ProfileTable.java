package dev.clusca.pipeline.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A profile of one step, for people and for JSON.
 *
 * @param title which step it is
 * @param lines the longest first
 * @param peaks of the machine that it ran on
 */
public record ProfileTable(String title, List<Profile.Line> lines, Peaks peaks) {
    private static final String HEAD = "%-42s %6s %9s %6s %8s %8s %7s %8s %7s%n";
    private static final String ROW = "%-42s %6d %9.2f %5.1f%% %8.1f %8.1f %6.0f%% %8.1f %6.0f%%%n";

    /** A line an operation: calls, milliseconds, part of the step, megabytes, GB/s beside the copy bandwidth, GFLOP/s beside the product rate. */
    public String text() {
        double all = lines.stream().mapToDouble(Profile.Line::ms).sum();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: %.2f ms in operations; peaks of this machine: copy %.1f GB/s, product %.0f GFLOP/s%n",
                title,
                all,
                peaks.copyBytesPerSecond() * 1e-9,
                peaks.flopsPerSecond() * 1e-9));
        text.append(String.format(
                Locale.ROOT, HEAD, "operation", "calls", "ms", "step", "MB", "GB/s", "peak", "GFLOP/s", "peak"));
        for (Profile.Line line : lines) {
            double seconds = line.ms() * 1e-3;
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    line.operation(),
                    line.calls(),
                    line.ms(),
                    100 * line.ms() / all,
                    line.bytes() * 1e-6,
                    line.bytes() / seconds * 1e-9,
                    100 * line.ofBandwidth(peaks),
                    line.flops() / seconds * 1e-9,
                    100 * line.ofProducts(peaks)));
        }
        return text.toString();
    }

    /** The same for a JSON report. */
    public List<Map<String, Object>> report() {
        return lines.stream()
                .map(line -> {
                    Map<String, Object> row = new LinkedHashMap<>();
                    row.put("operation", line.operation());
                    row.put("calls", line.calls());
                    row.put("ms", line.ms());
                    row.put("bytes", line.bytes());
                    row.put("flops", line.flops());
                    row.put("of_copy_bandwidth", line.ofBandwidth(peaks));
                    row.put("of_product_rate", line.ofProducts(peaks));
                    return row;
                })
                .toList();
    }
}
