package dev.clusca.pipeline;

import dev.clusca.cache.CachePolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The same images made under several policies, each compared with the first, which is the reference. */
public final class Comparison {
    private final List<Row> rows;

    /**
     * One policy's images.
     *
     * @param label what to call it in a table or above its pictures
     */
    public record Run(String label, CachePolicy policy, Samples samples) {
        /** The images as pictures. */
        List<Picture> pictures() {
            return IntStream.range(0, samples.count())
                    .mapToObj(samples::picture)
                    .toList();
        }
    }

    /**
     * One policy beside the reference.
     *
     * @param metrics what its run took
     * @param pictures its images
     * @param quality how near its pictures are to the reference's; null for the reference itself
     * @param speedupTime the reference's total time over this one's
     * @param speedupFlops the reference's floating-point operations over this one's, both as the papers count
     * @param speedupExecuted the same for the operations that were executed
     */
    public record Row(
            String label,
            CachePolicy policy,
            RunMetrics metrics,
            List<Picture> pictures,
            Quality.@Nullable Batch quality,
            double speedupTime,
            double speedupFlops,
            double speedupExecuted) {}

    /** Compares runs of the same classes; the first is the reference. */
    public Comparison(List<Run> runs) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("a comparison needs at least one run, the reference");
        }
        Run reference = runs.getFirst();
        RunMetrics base = reference.samples().metrics();
        List<Picture> references = reference.pictures();
        List<Row> all = new ArrayList<>();
        for (Run run : runs) {
            if (!Arrays.equals(run.samples().classes(), reference.samples().classes())) {
                throw new IllegalArgumentException("only runs of the same classes can be compared; " + run.label()
                        + " has other classes than " + reference.label());
            }
            RunMetrics own = run.samples().metrics();
            List<Picture> pictures = run.pictures();
            all.add(new Row(
                    run.label(),
                    run.policy(),
                    own,
                    pictures,
                    run == reference ? null : Quality.ofBatch(pictures, references),
                    base.totalMs() / own.totalMs(),
                    base.publishedFlops() / own.publishedFlops(),
                    base.executedFlops() / own.executedFlops()));
        }
        rows = List.copyOf(all);
    }

    /** One row a run, the reference first. */
    public List<Row> rows() {
        return rows;
    }

    /** Every run's pictures side by side, labelled with time and quality, and the error maps of all but the reference. */
    public Montage montage(String title) {
        List<Montage.Panel> panels = new ArrayList<>();
        List<Montage.Panel> errors = new ArrayList<>();
        Row reference = rows.getFirst();
        for (Row row : rows) {
            String seconds = text("%.1f s", row.metrics().totalMs() / 1000);
            Quality.Batch quality = row.quality();
            if (quality == null) {
                panels.add(new Montage.Panel(List.of(row.label(), seconds), row.pictures(), false));
                continue;
            }
            List<String> heading = List.of(
                    row.label(),
                    seconds + text(", %.2fx", row.speedupTime()),
                    "PSNR " + decibels(quality.psnrDb()) + " dB",
                    text("SSIM %.4f", quality.ssim()));
            panels.add(new Montage.Panel(heading, row.pictures(), false));
            errors.add(Montage.Panel.errors(
                    List.of(row.label() + " - " + reference.label(), "absolute error"),
                    row.pictures(),
                    reference.pictures()));
        }
        panels.addAll(errors);
        return new Montage(title, panels);
    }

    /** A table for people, every line ended. PSNR is the mean over the pictures, the worst one in brackets. */
    public String table() {
        String line = "%-12s %12s %14s %10s %9s %10s %17s %8s%n";
        StringBuilder table = new StringBuilder(text(
                line,
                "policy",
                "ms/full step",
                "ms/cached step",
                "ms total",
                "speed-up",
                "in FLOPs",
                "PSNR dB (min)",
                "SSIM"));
        for (Row row : rows) {
            Quality.Batch quality = row.quality();
            table.append(text(
                    line,
                    row.label(),
                    millis(row.metrics().fullStepMs()),
                    millis(row.metrics().cachedStepMs()),
                    text("%.0f", row.metrics().totalMs()),
                    text("%.2fx", row.speedupTime()),
                    text("%.2fx", row.speedupFlops()),
                    quality == null
                            ? "reference"
                            : decibels(quality.psnrDb()) + " (" + decibels(quality.minPsnrDb()) + ")",
                    quality == null ? "-" : text("%.4f", quality.ssim())));
        }
        return table.toString();
    }

    private static String millis(OptionalDouble ms) {
        return ms.isPresent() ? text("%.2f", ms.getAsDouble()) : "-";
    }

    private static String decibels(double db) {
        return Double.isInfinite(db) ? "inf" : text("%.2f", db);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
