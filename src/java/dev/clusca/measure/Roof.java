package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.DeviceLimits;
import dev.clusca.pipeline.profile.Cost;
import dev.clusca.pipeline.profile.Peaks;
import dev.clusca.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The roof over a device's operations in one type: no operation is done before its bytes have moved and its multiply-adds are made (Williams, Waterman and Patterson, "Roofline", 2009).
 *
 * @param bytesPerSecond of the memory at most
 * @param flopsPerSecond of the fastest unit for the type
 * @param cacheBytes of the last-level cache, 0 if it is not known
 * @param source where the numbers come from
 */
public record Roof(double bytesPerSecond, double flopsPerSecond, long cacheBytes, String source) {
    /** What measuring may be wrong by before a result is impossible. */
    private static final double MARGIN = 1.05;

    private static final DeviceLimits NO_LIMITS = new DeviceLimits(0, 0, 0, "measured: ");

    /** Measures it; takes a second or two. */
    public static Roof measure(Backend backend, DType dtype) {
        // What a copy or a product of the backend's own reaches, the device can do: it may have units that its limits
        // do not tell of.
        Peaks peaks = Peaks.measure(backend, dtype);
        DeviceLimits limits = backend.limits(dtype).orElse(NO_LIMITS);
        return new Roof(
                Math.max(peaks.copyBytesPerSecond(), limits.bytesPerSecond()),
                Math.max(peaks.flopsPerSecond(), limits.flopsPerSecond()),
                limits.cacheBytes(),
                limits.source() + (limits == NO_LIMITS ? "" : ", ") + "a copy and a product of the backend's own");
    }

    /** The higher of both measurements of one device. */
    public Roof or(Roof other) {
        return new Roof(
                Math.max(bytesPerSecond, other.bytesPerSecond),
                Math.max(flopsPerSecond, other.flopsPerSecond),
                cacheBytes,
                source);
    }

    /** Microseconds that nothing can take less than. */
    public double micros(Cost cost) {
        return 1e6 * Math.max(cost.bytes() / bytesPerSecond, cost.flops() / flopsPerSecond);
    }

    /** Whether bytes rather than multiply-adds bound an operation. */
    public boolean isMemoryBound(Cost cost) {
        return cost.bytes() / bytesPerSecond >= cost.flops() / flopsPerSecond;
    }

    /** Whether no device could have done it in that time. What lies in caches may move faster than memory. */
    public boolean isImpossible(Cost cost, double micros, CacheMode mode) {
        double seconds = micros * 1e-6 * MARGIN;
        return cost.flops() / flopsPerSecond > seconds
                || mode != CacheMode.WARM && cost.bytes() / bytesPerSecond > seconds;
    }

    /** As it stands in a result file. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("bytes_per_second", bytesPerSecond);
        json.put("flops_per_second", flopsPerSecond);
        json.put("cache_bytes", cacheBytes);
        json.put("source", source);
        return json;
    }
}
