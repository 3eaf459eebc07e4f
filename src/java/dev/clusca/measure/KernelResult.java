package dev.clusca.measure;

import dev.clusca.backend.KernelUse;
import dev.clusca.pipeline.profile.Cost;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One operation at one size on one backend: what it took, and what that is worth.
 *
 * @param subject what was measured
 * @param time samples of one call
 * @param device how fast the device itself was meanwhile
 * @param cost what the operation has to move and to compute at least
 * @param roof over the device in the operation's type
 * @param check of the results
 * @param kernels of a GPU that one call launches; empty elsewhere
 * @param baseline what else does the same, if it was measured
 * @param conditions of the processors meanwhile, as far as they are known
 * @param change against the newest valid record of the same
 */
public record KernelResult(
        Subject subject,
        Timings time,
        DeviceSpeed device,
        Cost cost,
        Roof roof,
        Check check,
        List<KernelUse> kernels,
        @Nullable Baseline baseline,
        Map<String, Object> conditions,
        Change change) {
    /**
     * What was measured.
     *
     * @param operation the method of {@link dev.clusca.backend.Ops}
     * @param name of the case: operation, types, extents and settings
     * @param dtype what it multiplies in, {@code f32} or {@code bf16}
     * @param shape of its tensors
     * @param backend by name, variant included
     * @param threads 0 where the backend chose
     */
    public record Subject(
            String operation, String name, String dtype, String shape, String backend, int threads, CacheMode mode) {
        /** What two results must share to be compared. */
        public String key() {
            return name + "|" + how(backend, threads, mode.label());
        }
    }

    /**
     * Whether the results were right.
     *
     * @param before error before the measurement
     * @param after error after it
     * @param bound what they may be
     * @param failures sentences; empty if all is well
     */
    public record Check(double before, double after, double bound, List<String> failures) {
        public Check {
            failures = List.copyOf(failures);
        }
    }

    /**
     * Another way to compute the same.
     *
     * @param name a backend, as {@code cpu:onednn} or {@code reference}
     * @param micros its median
     */
    public record Baseline(String name, double micros) {}

    public KernelResult {
        kernels = List.copyOf(kernels);
        conditions = Map.copyOf(conditions);
    }

    /** How something was measured, apart from what. */
    static String how(String backend, int threads, String mode) {
        return backend + "|" + threads + "|" + mode;
    }

    /** The part of the roof that was reached, 0 to 1. */
    public double ofRoof() {
        return roof.micros(cost) / time.median();
    }

    /** How uncertain the median is, as a part of it: by its samples, and by what else the device had to do. */
    public double noise() {
        return Math.hypot(time.noise(), device.slowed());
    }

    public double bytesPerSecond() {
        return cost.bytes() / (time.median() * 1e-6);
    }

    public double flopsPerSecond() {
        return cost.flops() / (time.median() * 1e-6);
    }

    /** Why the result counts for nothing; null if it counts. */
    public @Nullable String invalid() {
        if (!check.failures().isEmpty()) {
            return "wrong results: " + check.failures().getFirst();
        }
        return roof.isImpossible(cost, time.median(), subject.mode())
                ? "faster than the device can be: the operation did not do its work, or the roof was measured on a busy machine"
                : null;
    }

    public KernelResult with(Change newChange) {
        return new KernelResult(subject, time, device, cost, roof, check, kernels, baseline, conditions, newChange);
    }

    /** As it stands in a result file. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kernel", subject.operation());
        json.put("case", subject.name());
        json.put("dtype", subject.dtype());
        json.put("shape", subject.shape());
        json.put("backend", subject.backend());
        json.put("threads", subject.threads());
        json.put("mode", subject.mode().label());
        json.put("samples", time.samples());
        json.put("median_us", time.median());
        json.put("min_us", time.min());
        json.put("p95_us", time.p95());
        json.put("iqr_us", time.iqr());
        json.put("noise", noise());
        json.put("noise_median", time.noise());
        json.put("device_us", device.micros());
        json.put("device_slowed", device.slowed());
        json.put("bytes", cost.bytes());
        json.put("flops", cost.flops());
        json.put("bytes_per_second", bytesPerSecond());
        json.put("of_bandwidth", bytesPerSecond() / roof.bytesPerSecond());
        json.put("flops_per_second", flopsPerSecond());
        json.put("of_flops", flopsPerSecond() / roof.flopsPerSecond());
        json.put("bound", roof.isMemoryBound(cost) ? "memory" : "compute");
        json.put("of_roof", ofRoof());
        json.put("error_before", check.before());
        json.put("error_after", check.after());
        json.put("error_bound", check.bound());
        json.put("kernels", kernels.stream().map(KernelResult::use).toList());
        Baseline other = baseline;
        if (other != null) {
            json.put("baseline", other.name());
            json.put("baseline_us", other.micros());
            json.put("baseline_ratio", other.micros() / time.median());
        }
        json.put("conditions", conditions);
        json.put("change", change.name());
        String invalid = invalid();
        json.put("valid", invalid == null);
        if (invalid != null) {
            json.put("invalid", invalid);
        }
        return json;
    }

    private static Map<String, Object> use(KernelUse use) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", use.name());
        json.put("registers", use.registers());
        json.put("shared_bytes", use.sharedBytes());
        return json;
    }
}
