package dev.clusca.measure;

import dev.clusca.emulator.report.Counts;
import java.util.Locale;
import java.util.stream.Collectors;

/** Static costs of operations for people: a line each. */
public final class StaticTable {
    private static final String ROW = "%-44s %5s %3s %12s %12s %7s %9s %5s %5s %10s %-13s %s%n";

    private StaticTable() {}

    /** The columns' names. */
    public static String head(GpuModel gpu) {
        return String.format(
                Locale.ROOT,
                ROW,
                "case",
                "dtype",
                "n",
                "instructions",
                "sectors",
                "traffic",
                "conflicts",
                "regs",
                "occ.",
                ">= us",
                "by (" + gpu.name() + ")",
                "kernels");
    }

    /** What the columns mean. */
    public static String foot() {
        return """
                n: launches. sectors: of 32 bytes, as often as they are asked for. traffic: their bytes beside the least that the operation has to move. conflicts: passes over
                shared memory's banks beyond what a request's width explains. regs, occ.: registers of a thread as ptxas gave them, and warps that fit beside what could. >= us: what
                its units need by its data sheet for these instructions, of which ptxas folds some (moves, negations) into others, without any latency; an estimate, not a measurement.
                """;
    }

    /** One result, its line ended. */
    public static String line(StaticResult r) {
        Counts c = r.counts();
        int registers =
                r.launches().stream().mapToInt(LaunchCost::registers).max().orElse(0);
        double occupancy = r.launches().stream()
                .mapToDouble(launch -> launch.occupancy(r.gpu()))
                .min()
                .orElse(0);
        return String.format(
                Locale.ROOT,
                ROW,
                KernelTable.shortened(r.name()),
                r.dtype(),
                r.launches().size(),
                c.instructions(),
                c.sectors(),
                String.format(Locale.ROOT, "%.2fx", r.traffic()),
                c.extraWavefronts(),
                registers,
                String.format(Locale.ROOT, "%.0f%%", 100 * occupancy),
                String.format(Locale.ROOT, "%.2f", r.boundMicros()),
                r.bound().unit(),
                r.launches().stream().map(l -> l.report().kernel()).distinct().collect(Collectors.joining(" "))
                        + (r.failures().isEmpty()
                                ? ""
                                : "  INVALID: " + r.failures().getFirst()));
    }
}
