package dev.clusca.measure;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Two result files side by side, result by result. */
public final class ComparisonTable {
    private static final String ROW = "%-44s %11s %11s %7s  %s%n";

    private final List<String> lines = new ArrayList<>();
    private final Map<Change, Integer> counts = new EnumMap<>(Change.class);
    private final List<String> alone = new ArrayList<>();
    private int invalid;
    private int missing;

    /** @param before the earlier of the two */
    public ComparisonTable(KernelFile before, KernelFile after) {
        Map<String, KernelFile.Point> earlier = byKey(before);
        Map<String, KernelFile.Point> later = byKey(after);
        later.forEach((key, b) -> {
            KernelFile.Point a = earlier.get(key);
            boolean valid = b.valid() && (a == null || a.valid());
            if (!valid) {
                invalid++;
            }
            if (a == null) {
                alone.add(b.name() + " is in the second file alone" + (valid ? "" : ", INVALID"));
            } else if (valid) {
                Change change = b.since(a);
                counts.merge(change, 1, Integer::sum);
                lines.add(line(a, b, change.name()));
            } else {
                lines.add(line(a, b, "INVALID"));
            }
        });
        earlier.forEach((key, a) -> {
            if (!later.containsKey(key)) {
                missing++;
                alone.add(a.name() + " is in the first file alone");
            }
        });
    }

    private static Map<String, KernelFile.Point> byKey(KernelFile file) {
        return file.points().stream()
                .collect(Collectors.toMap(KernelFile.Point::key, Function.identity(), (a, b) -> b, LinkedHashMap::new));
    }

    private static String line(KernelFile.Point a, KernelFile.Point b, String verdict) {
        return String.format(
                Locale.ROOT,
                ROW,
                KernelTable.shortened(b.name()),
                KernelTable.time(a.medianUs()),
                KernelTable.time(b.medianUs()),
                String.format(Locale.ROOT, "%.3fx", b.medianUs() / a.medianUs()),
                verdict);
    }

    /** How many valid results changed so. */
    public int count(Change change) {
        return counts.getOrDefault(change, 0);
    }

    /** How many results do not count: the second file's, or what they would be compared with. */
    public int invalid() {
        return invalid;
    }

    /** How many results only the first file has. */
    public int missing() {
        return missing;
    }

    /** The table, what only one file has, and the sums. */
    public String text() {
        StringBuilder text =
                new StringBuilder(String.format(Locale.ROOT, ROW, "case", "before", "after", "ratio", "verdict"));
        lines.forEach(text::append);
        alone.forEach(sentence -> text.append(sentence).append('\n'));
        text.append(String.format(
                Locale.ROOT,
                "%d SAME, %d FASTER, %d SLOWER, %d UNSURE, %d INVALID%n",
                count(Change.SAME),
                count(Change.FASTER),
                count(Change.SLOWER),
                count(Change.UNSURE),
                invalid));
        return text.toString();
    }
}
