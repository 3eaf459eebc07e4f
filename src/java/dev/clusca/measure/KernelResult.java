package dev.clusca.measure;

import dev.clusca.pipeline.Machine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What measurements of single kernels found, as far as a roofline needs it: how many operations each does for a byte, and how fast.
 *
 * @param device what they ran on
 * @param peaks the machine's measured limits by dtype
 * @param points one a measured case, in the file's order
 */
public record KernelResult(String device, Machine machine, Map<String, Peak> peaks, List<Point> points)
        implements Measured {
    static final String KIND = "kernels";
    static final int SCHEMA = 1;

    /** Beyond any machine; a file with more is mistaken in its units. */
    private static final double FASTEST = 1e18;

    /**
     * What the machine reaches at most, measured.
     *
     * @param bytesPerSecond read and written by a copy
     * @param flopsPerSecond of a matrix product
     */
    public record Peak(double bytesPerSecond, double flopsPerSecond) {
        public Peak {
            if (!(bytesPerSecond > 0 && bytesPerSecond <= FASTEST && flopsPerSecond > 0 && flopsPerSecond <= FASTEST)) {
                throw new ResultException("a peak of " + bytesPerSecond + " bytes and " + flopsPerSecond
                        + " operations a second is none of a machine; expected numbers above 0 and up to " + FASTEST);
            }
        }
    }

    /**
     * One case.
     *
     * @param name of the case, as {@code gemm/f32/512x1152x4608/gelu_tanh/bias}
     * @param kernel what ran
     * @param medianUs microseconds of a call
     * @param bytes that a call reads and writes at least
     * @param flops floating-point operations of a call
     * @param valid whether its results passed their check; times of wrong results mean nothing
     */
    public record Point(
            String name, String kernel, String dtype, double medianUs, double bytes, double flops, boolean valid) {
        public Point {
            if (!(medianUs > 0 && bytes >= 0 && flops >= 0)
                    || !Double.isFinite(medianUs + bytes + flops)
                    || flops / medianUs * 1e6 > FASTEST) {
                throw new ResultException(
                        "case " + ResultFields.quote(name) + " has a median of " + medianUs
                                + " us for " + bytes + " bytes and " + flops
                                + " operations, which no machine reaches; expected a time above 0, and bytes and operations from 0 on");
            }
        }

        /** Floating-point operations a byte. */
        public double intensity() {
            return flops / bytes;
        }

        /** Floating-point operations a second. */
        public double rate() {
            return flops / medianUs * 1e6;
        }

        /** Whether it has a place in a roofline: right results, and both operations and bytes. */
        public boolean isDrawable() {
            return valid && bytes > 0 && flops > 0 && rate() > 0 && Double.isFinite(intensity());
        }
    }

    public KernelResult {
        peaks = Map.copyOf(peaks);
        points = List.copyOf(points);
    }

    static KernelResult of(ResultFields fields) {
        Map<String, Peak> peaks = new LinkedHashMap<>();
        fields.object("peaks")
                .entries()
                .forEach((dtype, peak) -> peaks.put(
                        dtype, new Peak(peak.positive("bytes_per_second"), peak.positive("flops_per_second"))));
        return new KernelResult(
                fields.text("device"),
                fields.machine(),
                peaks,
                fields.objects("results").stream()
                        .map(result -> new Point(
                                result.text("case"),
                                result.text("kernel"),
                                result.word("dtype"),
                                result.positive("median_us"),
                                result.number("bytes"),
                                result.number("flops"),
                                result.flag("valid")))
                        .toList());
    }
}
