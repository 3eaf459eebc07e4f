package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.emulator.report.LaunchReport;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/**
 * What every kernel costs: the counts of {@code kernels/costs.txt} to the digit, bytes within 1.05 of what the contract has to move, and no bank conflicts, or else for a reason
 * that stands with the kernel's launch.
 */
class CostTest {
    private static final boolean WRITE = "write".equals(System.getProperty("clusca.costs"));
    private static final long DATA = 20;

    private static final double MARGIN = 1.05;

    private static List<Cost> costs() {
        return Stream.of(
                        AttentionCosts.all(),
                        ChainCosts.all(),
                        ClusterCosts.all(),
                        DecoderCosts.all(),
                        EmbedCosts.all(),
                        EpilogueCosts.all(),
                        LadderCosts.all(),
                        NaiveCosts.all(),
                        NormCosts.all(),
                        PrefixCosts.all(),
                        ProductCosts.all(),
                        RowCosts.all(),
                        SamplerCosts.all())
                .flatMap(costs -> costs)
                .toList();
    }

    @Test
    void everyEntryHasOneLaunch() {
        assertThat(costs())
                .extracting(Cost::entry)
                .containsExactlyInAnyOrderElementsOf(KernelManifest.read().modules().stream()
                        .flatMap(module -> module.entries().stream())
                        .map(KernelManifest.Entry::name)
                        .toList());
    }

    @Test
    void everyEntryCostsWhatTheTableSays() throws IOException {
        Map<Cost, LaunchReport> reports = run(EmulatorOptions.DEFAULT.withThreads(2), 1);
        Map<String, String> lines = lines(reports);
        if (WRITE) {
            CostTable.write(lines);
        }
        assertThat(String.join("\n", lines.values()))
                .as("costs; where the change is meant, write kernels/costs.txt with %s", CostTable.REMEDY)
                .isEqualTo(String.join("\n", CostTable.read().values()));
        SoftAssertions.assertSoftly(softly -> reports.forEach((cost, report) -> check(softly, cost, report)));
    }

    private static void check(SoftAssertions softly, Cost cost, LaunchReport report) {
        softly.assertThat(cost.times(report) * cost.leastBytes() / cost.askedBytes())
                .as(
                        "%s: bytes of the sectors that it asks for, in multiples of the %d expected; %s",
                        cost.entry(), cost.askedBytes(), cost.traffic().orElse("more needs a reason, Cost.asking"))
                .isBetween(1 / MARGIN, MARGIN);
        softly.assertThat(cost.times(report) > MARGIN)
                .as("%s: whether it asks for more than its contract, which it gives a reason for", cost.entry())
                .isEqualTo(cost.traffic().isPresent());
        if (cost.conflicts().isPresent()) {
            softly.assertThat(report.total().extraWavefronts())
                    .as("%s: bank conflicts; %s", cost.entry(), cost.conflicts().orElseThrow())
                    .isPositive();
        } else {
            softly.assertThat(report.total().extraWavefronts())
                    .as("%s: bank conflicts; they need a reason, Cost.conflicting", cost.entry())
                    .isZero();
        }
    }

    @Test
    void countsDependOnNeitherThreadsNorOrder() {
        Map<String, String> expected = lines(run(EmulatorOptions.DEFAULT.withThreads(1), 2));
        assertThat(lines(run(EmulatorOptions.DEFAULT.withThreads(3), 3))).isEqualTo(expected);
    }

    private static Map<Cost, LaunchReport> run(EmulatorOptions options, long order) {
        return costs().stream().collect(Collectors.toMap(cost -> cost, cost -> {
            try (Gpu gpu = new Gpu(DATA, order, options)) {
                return cost.launch().apply(gpu);
            }
        }));
    }

    private static Map<String, String> lines(Map<Cost, LaunchReport> reports) {
        Map<String, String> lines = new TreeMap<>();
        reports.forEach((cost, report) -> lines.put(cost.entry(), CostTable.line(cost, report)));
        return lines;
    }
}
