package dev.clusca.measure;

import java.util.Locale;
import java.util.Map;

/** Results of operations for people: a line each. */
public final class KernelTable {
    private static final String HEAD = "%-44s %5s %11s %6s %7s %5s %8s %5s %13s %18s %-7s%n";
    private static final String ROW = "%-44s %5s %11s %6s %7.1f %4.0f%% %8.1f %4.0f%% %4.0f%% %-8s %18s %-7s%s%n";
    private static final int NAME_WIDTH = 44;

    private KernelTable() {}

    /** The columns' names. */
    public static String head() {
        return String.format(
                Locale.ROOT,
                HEAD,
                "case",
                "dtype",
                "median",
                "+-",
                "GB/s",
                "peak",
                "GFLOP/s",
                "peak",
                "of the roof",
                "baseline",
                "history");
    }

    /** One result, its line ended. */
    public static String line(KernelResult r) {
        KernelResult.Baseline baseline = r.baseline();
        String invalid = r.invalid();
        return String.format(
                Locale.ROOT,
                ROW,
                shortened(r.subject().name()),
                r.subject().dtype(),
                time(r.time().median()),
                String.format(Locale.ROOT, "%.1f%%", 100 * r.noise()),
                r.bytesPerSecond() * 1e-9,
                100 * r.bytesPerSecond() / r.roof().bytesPerSecond(),
                r.flopsPerSecond() * 1e-9,
                100 * r.flopsPerSecond() / r.roof().flopsPerSecond(),
                100 * r.ofRoof(),
                r.roof().isMemoryBound(r.cost()) ? "memory" : "compute",
                baseline == null
                        ? "-"
                        : String.format(
                                Locale.ROOT,
                                "%.1fx %s",
                                baseline.micros() / r.time().median(),
                                baseline.name()),
                r.change() == Change.NEW ? "-" : r.change(),
                invalid == null ? "" : "  INVALID: " + invalid);
    }

    /** The peaks that the percentages are of. */
    public static String foot(Map<String, Roof> roofs) {
        StringBuilder text = new StringBuilder();
        roofs.forEach((dtype, roof) -> text.append(String.format(
                Locale.ROOT,
                "peaks in %s: %.1f GB/s, %.0f GFLOP/s (%s)%n",
                dtype,
                roof.bytesPerSecond() * 1e-9,
                roof.flopsPerSecond() * 1e-9,
                roof.source())));
        return text.toString();
    }

    /** Microseconds in the unit that reads best. */
    static String time(double micros) {
        return micros >= 1e4
                ? String.format(Locale.ROOT, "%.2f ms", micros * 1e-3)
                : String.format(Locale.ROOT, micros >= 100 ? "%.0f us" : "%.2f us", micros);
    }

    /** Without the types, which have a column, and no wider than the column. */
    static String shortened(String name) {
        String text = name.replaceFirst("/(f32|bf16|bf16\\+f32)/", " ")
                .replaceFirst("/bell$", "")
                .replaceFirst("/planes3/terms3(/share0\\.9,0\\.9/ratio0\\.005)?", "");
        return text.length() <= NAME_WIDTH ? text : text.substring(0, NAME_WIDTH - 2) + "..";
    }
}
