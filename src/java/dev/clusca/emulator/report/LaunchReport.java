package dev.clusca.emulator.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a launch came to.
 *
 * @param faults empty where nothing was wrong; a launch stops at its first fault, and each host thread may have met one
 * @param total counts of the whole launch
 * @param lines counts by PTX line
 * @param classes instructions issued by warps, by class
 * @param nanos wall time of the emulation, which says nothing about a GPU's
 */
public record LaunchReport(
        String kernel,
        Dim3 grid,
        Dim3 block,
        List<Fault> faults,
        Counts total,
        Map<Integer, Line> lines,
        Map<InstructionClass, Long> classes,
        long nanos) {
    /** One PTX line: the instruction there and what it did. */
    public record Line(String instruction, Counts counts) {}

    public LaunchReport {
        faults = List.copyOf(faults);
        lines = new TreeMap<>(lines);
        classes = Map.copyOf(classes);
    }

    public boolean isClean() {
        return faults.isEmpty();
    }

    /** This report, or an exception with the first fault. */
    public LaunchReport orThrow() {
        if (!isClean()) {
            throw new FaultException(faults.getFirst());
        }
        return this;
    }

    /** The {@code count} lines with the most lane-instructions, as a table. */
    public String hottestLines(int count) {
        return lines.entrySet().stream()
                .sorted(Comparator.comparingLong(
                        (Map.Entry<Integer, Line> e) -> -e.getValue().counts().lanes()))
                .limit(count)
                .map(e -> String.format(
                        Locale.ROOT,
                        "%6d  %12d lanes  %10d sectors  %8d extra wavefronts  %s",
                        e.getKey(),
                        e.getValue().counts().lanes(),
                        e.getValue().counts().sectors(),
                        e.getValue().counts().extraWavefronts(),
                        e.getValue().instruction()))
                .collect(Collectors.joining("\n"));
    }
}
