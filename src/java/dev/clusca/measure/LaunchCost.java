package dev.clusca.measure;

import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What one launch executed, and the least time that a GPU's units need for it. It is no forecast: latencies, and units that wait for one another, add to it, and moves and negations that ptxas folds into other instructions count.
 *
 * @param report of the emulator
 * @param registers of a thread on the GPU, 0 if unknown
 * @param sharedBytes shared memory of a block
 */
record LaunchCost(LaunchReport report, int registers, int sharedBytes) {
    private static final Pattern MMA = Pattern.compile("mma\\.sync.*\\.m(\\d+)n(\\d+)k(\\d+)");
    /** Warp instructions that a multiprocessor issues in a cycle. */
    private static final double ISSUED = 4;
    /** Lanes for integers and moves, and for approximate functions. */
    private static final double INTEGER_LANES = 64;

    private static final double SPECIAL_LANES = 16;

    /** A bound with the unit that sets it. */
    record Bound(double micros, String unit) {
        static Bound max(Stream<Bound> bounds) {
            return bounds.max((a, b) -> Double.compare(a.micros, b.micros)).orElseThrow();
        }
    }

    /** What the busiest multiprocessor needs: with few or unevenly many blocks it has more than its share. */
    Bound bound(GpuModel gpu) {
        double blocks = report.grid().count();
        double share = Math.ceil(blocks / gpu.multiprocessors()) / blocks;
        double cycle = 1e-3 / gpu.gigahertz();
        double scale = share * cycle;
        return Bound.max(Stream.of(
                new Bound(report.total().instructions() / ISSUED * scale, "issue"),
                new Bound(lanes(InstructionClass.FLOAT) / gpu.lanes() * scale, "fp32"),
                new Bound(lanes(InstructionClass.INTEGER) / INTEGER_LANES * scale, "integer"),
                new Bound(lanes(InstructionClass.SPECIAL) / SPECIAL_LANES * scale, "special"),
                new Bound(tensorFlops() / gpu.tensorFlops() * scale, "tensor"),
                new Bound(report.total().wavefronts() * scale, "shared memory")));
    }

    /** Warps that a multiprocessor holds, of those that it could. */
    double occupancy(GpuModel gpu) {
        int threads = (int) report.block().count();
        int warps = Math.ceilDiv(threads, 32);
        return (double) gpu.residentBlocks(threads, registers, sharedBytes) * warps / (gpu.threads() / 32);
    }

    private double lanes(InstructionClass unit) {
        return 32.0 * report.classes().getOrDefault(unit, 0L);
    }

    private double tensorFlops() {
        return report.lines().values().stream()
                .mapToDouble(line -> {
                    Matcher mma = MMA.matcher(line.instruction());
                    return mma.find()
                            ? 2.0
                                    * Integer.parseInt(mma.group(1))
                                    * Integer.parseInt(mma.group(2))
                                    * Integer.parseInt(mma.group(3))
                                    * line.counts().instructions()
                            : 0;
                })
                .sum();
    }

    Map<String, Object> toJson(GpuModel gpu) {
        Counts c = report.total();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kernel", report.kernel());
        json.put("grid", report.grid().toString());
        json.put("block", report.block().toString());
        json.put("registers", registers);
        json.put("shared_bytes", sharedBytes);
        json.put("occupancy", occupancy(gpu));
        json.put("instructions", c.instructions());
        json.put("lanes", c.lanes());
        Map<String, Object> classes = new LinkedHashMap<>();
        for (InstructionClass unit : InstructionClass.values()) {
            long count = report.classes().getOrDefault(unit, 0L);
            if (count > 0) {
                classes.put(unit.name().toLowerCase(Locale.ROOT), count);
            }
        }
        json.put("classes", classes);
        json.put("bytes_loaded", c.globalLoadBytes());
        json.put("bytes_stored", c.globalStoreBytes());
        json.put("sectors", c.sectors());
        json.put("bank_conflicts", c.extraWavefronts());
        Bound bound = bound(gpu);
        json.put("bound_us", bound.micros());
        json.put("bound", bound.unit());
        return json;
    }
}
