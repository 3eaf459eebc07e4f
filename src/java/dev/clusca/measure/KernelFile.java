package dev.clusca.measure;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What measurements of operations found, as far as a roofline and a comparison need it: how many operations each does for a byte, how fast, and how sure that is. The file is {@code {"schema": 1, "kind":
 * "kernels", .., "peaks": {"f32": {..}}, "results": [{..}]}}, its keys those of {@link Environment}, {@link Roof} and {@link KernelResult}.
 *
 * @param device what they ran on
 * @param peaks the machine's measured limits by dtype
 * @param points one a measured case, in the file's order
 */
public record KernelFile(String device, Machine machine, Map<String, Peak> peaks, List<Point> points)
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
     * @param how backend, threads and mode: two cases that differ in them are not compared
     * @param noise of the median, as a part of it
     * @param deviceUs what the device itself took for a piece of work of fixed size meanwhile; 0 if that is not known
     */
    public record Point(
            String name,
            String kernel,
            String dtype,
            double medianUs,
            double bytes,
            double flops,
            boolean valid,
            String how,
            double noise,
            double deviceUs) {
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

        static Point of(ResultFields result) {
            return new Point(
                    result.text("case"),
                    result.text("kernel"),
                    result.word("dtype"),
                    result.positive("median_us"),
                    result.number("bytes"),
                    result.number("flops"),
                    result.flag("valid"),
                    KernelResult.how(result.text("backend"), result.count("threads", 0), result.text("mode")),
                    result.within("noise", 0, Double.MAX_VALUE),
                    result.within("device_us", 0, Double.MAX_VALUE));
        }

        static Point of(KernelResult result) {
            return new Point(
                    result.subject().name(),
                    result.subject().operation(),
                    result.subject().dtype(),
                    result.time().median(),
                    result.cost().bytes(),
                    result.cost().flops(),
                    result.invalid() == null,
                    KernelResult.how(
                            result.subject().backend(),
                            result.subject().threads(),
                            result.subject().mode().label()),
                    result.noise(),
                    result.device().micros());
        }

        /** What two results must share to be compared. */
        public String key() {
            return name + "|" + how;
        }

        /** How it differs from an earlier measurement of the same; where one of them does not count, nobody knows. */
        Change since(Point earlier) {
            return valid && earlier.valid
                    ? Change.of(
                            earlier.medianUs,
                            earlier.noise,
                            medianUs,
                            Math.hypot(noise, DeviceSpeed.drift(earlier.deviceUs, deviceUs)))
                    : Change.UNSURE;
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

    public KernelFile {
        peaks = Map.copyOf(peaks);
        points = List.copyOf(points);
    }

    static KernelFile of(ResultFields fields) {
        Map<String, Peak> peaks = new LinkedHashMap<>();
        fields.object("peaks")
                .entries()
                .forEach((dtype, peak) -> peaks.put(
                        dtype, new Peak(peak.positive("bytes_per_second"), peak.positive("flops_per_second"))));
        return new KernelFile(
                fields.text("device"),
                fields.machine(),
                peaks,
                fields.objects("results").stream().map(Point::of).toList());
    }

    /** Results as a file would hold them. */
    public static KernelFile of(Environment environment, List<KernelResult> results) {
        return (KernelFile) Measured.of(Json.parse(Json.text(json(environment, results)), "results"), "results");
    }

    /** Writes a result file, which appears whole or not at all. */
    public static void write(Path file, Environment environment, List<KernelResult> results) throws IOException {
        AtomicFile.write(file, Json.pretty(json(environment, results)));
    }

    private static Map<String, Object> json(Environment environment, List<KernelResult> results) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("schema", SCHEMA);
        json.put("kind", KIND);
        json.putAll(environment.toJson());
        Map<String, Object> peaks = new LinkedHashMap<>();
        results.forEach(r -> peaks.put(r.subject().dtype(), r.roof().toJson()));
        json.put("peaks", peaks);
        json.put("results", results.stream().map(KernelResult::toJson).toList());
        return json;
    }
}
