package dev.clusca.kernels;

import dev.clusca.Repository;
import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.LaunchReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** {@code kernels/costs.txt}: what each entry's launch cost when the table was written, a line an entry. */
final class CostTable {
    static final String REMEDY = "./clusca test -Dtest=CostTest -Dclusca.costs=write";

    private static final Path FILE = Repository.path("kernels", "costs.txt");
    private static final String HEAD = """
            # What one launch of each entry costs on the emulator, at the shapes of the tests' *Costs classes. A test compares; where a change is meant, write the table anew with
            #
            #   %s
            #
            # and commit it, so that the change shows. lanes: instructions times active lanes. sectors: of 32 bytes, as often as they are asked for, L1 and L2 included. conflicts:
            # passes over the banks of shared memory that the width of a request does not explain. times: the sectors' bytes beside the least that the contract has to move.
            """.formatted(REMEDY);
    private static final String ROW = "%-34s %12s %11s %12s %12s %8s %9s %6s  %s";

    private CostTable() {}

    static Map<String, String> read() throws IOException {
        Map<String, String> lines = new TreeMap<>();
        for (String line : Files.readAllLines(FILE)) {
            if (!line.startsWith("#")) {
                lines.put(line.substring(0, line.indexOf(' ')), line);
            }
        }
        return lines;
    }

    static void write(Map<String, String> lines) throws IOException {
        List<String> text = new ArrayList<>(HEAD.lines().toList());
        text.add(row(
                "# entry",
                "instructions",
                "lanes",
                "bytes loaded",
                "bytes stored",
                "sectors",
                "conflicts",
                "times",
                "reasons"));
        text.addAll(new TreeMap<>(lines).values());
        Files.write(FILE, text);
    }

    static String line(Cost cost, LaunchReport report) {
        Counts c = report.total();
        return row(
                report.kernel(),
                c.instructions(),
                c.lanes(),
                c.globalLoadBytes(),
                c.globalStoreBytes(),
                c.sectors(),
                c.extraWavefronts(),
                String.format(Locale.ROOT, "%.2f", cost.times(report)),
                cost.reasons());
    }

    private static String row(Object... columns) {
        return String.format(Locale.ROOT, ROW, columns).stripTrailing();
    }
}
