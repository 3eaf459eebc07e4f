package dev.clusca.measure;

import dev.clusca.emulator.report.Counts;
import dev.clusca.pipeline.profile.Cost;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What one operation costs on a GPU that is not there: what its kernels execute and ask of memory, counted by the emulator, and the least time that a named GPU needs for it.
 *
 * @param operation the method of {@link dev.clusca.backend.Ops}
 * @param name of the case
 * @param dtype {@code f32} or {@code bf16}
 * @param cost what the operation has to move and to compute at least
 * @param gpu the named one
 * @param launches in order
 * @param failures what was wrong with the results; empty if they were right
 */
public record StaticResult(
        String operation,
        String name,
        String dtype,
        Cost cost,
        GpuModel gpu,
        List<LaunchCost> launches,
        List<String> failures) {
    public StaticResult {
        launches = List.copyOf(launches);
        failures = List.copyOf(failures);
    }

    /** The sums over all launches. */
    public Counts counts() {
        return launches.stream().map(launch -> launch.report().total()).reduce(Counts.ZERO, Counts::plus);
    }

    /** The least time: that of the memory, or that of the launches one after the other. */
    LaunchCost.Bound bound() {
        LaunchCost.Bound memory = new LaunchCost.Bound(cost.bytes() / gpu.gigabytesPerSecond() * 1e-3, "memory");
        if (launches.isEmpty()) {
            return memory;
        }
        double units = launches.stream().mapToDouble(l -> l.bound(gpu).micros()).sum();
        String unit =
                LaunchCost.Bound.max(launches.stream().map(l -> l.bound(gpu))).unit();
        return LaunchCost.Bound.max(Stream.of(memory, new LaunchCost.Bound(units, unit)));
    }

    /** Microseconds that the GPU needs at least. */
    public double boundMicros() {
        return bound().micros();
    }

    /** How often the contract's bytes are asked for, caches included. */
    public double traffic() {
        return counts().sectors() * 32.0 / Math.max(1, cost.bytes());
    }

    /** As it stands in a result file. */
    public Map<String, Object> toJson() {
        Counts c = counts();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kernel", operation);
        json.put("case", name);
        json.put("dtype", dtype);
        json.put("gpu", gpu.name());
        json.put("bytes", cost.bytes());
        json.put("flops", cost.flops());
        json.put("bound_us", bound().micros());
        json.put("bound", bound().unit());
        json.put("instructions", c.instructions());
        json.put("sectors", c.sectors());
        json.put("bank_conflicts", c.extraWavefronts());
        json.put("launches", launches.stream().map(launch -> launch.toJson(gpu)).toList());
        json.put("valid", failures.isEmpty());
        if (!failures.isEmpty()) {
            json.put("invalid", failures.getFirst());
        }
        return json;
    }
}
