package dev.clusca.measure;

import dev.clusca.pipeline.Quality;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A model benchmark as a table: milliseconds per full and cached step, the speed-up in time beside that in operations, and how near the pictures are to full computation's. */
public record ModelTable(ModelResult result) {
    /** Beyond this the machine's speed moved too much to compare times by less. */
    private static final double LARGE_SPREAD = 0.05;

    private static final List<String> TIMES =
            List.of("ms/full step", "ms/cached step", "ms total", "speed-up", "in FLOPs");
    private static final List<String> QUALITY_HEAD = List.of("PSNR dB (min)", "SSIM");

    /** For a terminal, every line ended: a table a batch, under one line that says what was measured. */
    public String text() {
        StringBuilder text = new StringBuilder(title()).append('\n');
        for (ModelResult.Batch batch : result.batches()) {
            text.append('\n').append(heading(batch)).append('\n');
            List<List<String>> lines = lines(batch);
            int[] widths = new int[lines.getFirst().size()];
            for (List<String> line : lines) {
                for (int i = 0; i < widths.length; i++) {
                    widths[i] = Math.max(widths[i], line.get(i).length());
                }
            }
            for (List<String> line : lines) {
                StringBuilder row = new StringBuilder();
                for (int i = 0; i < widths.length; i++) {
                    String space = " ".repeat(widths[i] - line.get(i).length());
                    row.append(i == 0 ? "" : "  ").append(i == 0 ? line.get(i) + space : space + line.get(i));
                }
                text.append(row.toString().stripTrailing()).append('\n');
            }
        }
        text.append('\n');
        result.legend().forEach(line -> text.append(line).append('\n'));
        notes().forEach(note -> text.append(note).append('\n'));
        return text.toString();
    }

    /** For a README or a pull request, every line ended: the same as a Markdown table a batch. */
    public String markdown() {
        StringBuilder text = new StringBuilder(title()).append('\n');
        for (ModelResult.Batch batch : result.batches()) {
            text.append('\n').append(heading(batch)).append("\n\n");
            List<List<String>> lines = lines(batch);
            text.append(row(lines.getFirst()));
            text.append("|---|")
                    .append("---:|".repeat(lines.getFirst().size() - 1))
                    .append('\n');
            lines.subList(1, lines.size()).forEach(line -> text.append(row(line)));
        }
        text.append('\n');
        result.legend().forEach(line -> text.append("* ").append(line).append('\n'));
        text.append(result.chosen() ? "\n" : "");
        text.append(String.join(" ", notes())).append('\n');
        return text.toString();
    }

    private static String row(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /** What all rows have in common, as a plot says it too. */
    public String title() {
        ModelSettings settings = result.settings();
        return text(
                "%s in %s on %s: %s%d %s, %s, seed %d",
                settings.model(),
                result.dtype(),
                result.backend(),
                settings.size() == null ? "" : settings.size() + ", ",
                settings.steps(),
                settings.sampler().equals("ddim") ? "DDIM steps" : "steps",
                settings.guided(),
                settings.seed());
    }

    private static String heading(ModelResult.Batch batch) {
        ModelResult.Full full = batch.full();
        return text(
                "%s at once (%s): full computation took %s s",
                batch.images() == 1 ? "1 image" : batch.images() + " images",
                batch.rows() == 1 ? "1 row" : batch.rows() + " rows",
                full.msRuns().stream().map(ms -> text("%.2f", ms / 1000)).collect(Collectors.joining(", ")));
    }

    private List<List<String>> lines(ModelResult.Batch batch) {
        boolean compared = batch.runs().stream().anyMatch(run -> run.quality() != null);
        List<List<String>> lines = new ArrayList<>();
        lines.add(line(List.of("policy", result.chosen() ? "no." : "interval"), TIMES, compared, QUALITY_HEAD));
        lines.add(line(
                List.of("full", "-"),
                List.of(
                        text("%.2f", batch.full().msStep()),
                        "-",
                        text("%.0f", batch.full().msTotal()),
                        "1.00x",
                        "1.00x"),
                compared,
                List.of("reference", "-")));
        for (ModelResult.Run run : batch.runs()) {
            Quality.Batch quality = run.quality();
            lines.add(line(
                    List.of(run.method(), batch.mark(run)),
                    List.of(
                            text("%.2f", run.msFullStep()),
                            run.msCachedStep().isPresent()
                                    ? text("%.2f", run.msCachedStep().getAsDouble())
                                    : "-",
                            text("%.0f", run.msTotal()),
                            text("%.2fx", run.speedupTime()),
                            text("%.2fx", run.speedupFlops())),
                    compared,
                    quality == null
                            ? List.of("-", "-")
                            : List.of(
                                    decibels(quality.psnrDb()) + " (" + decibels(quality.minPsnrDb()) + ")",
                                    text("%.4f", quality.ssim()))));
        }
        return lines;
    }

    private static List<String> line(List<String> policy, List<String> times, boolean compared, List<String> quality) {
        List<String> line = new ArrayList<>(policy);
        line.addAll(times);
        if (compared) {
            line.addAll(quality);
        }
        return line;
    }

    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        int rounds = result.settings().rounds();
        notes.add((rounds == 1
                        ? "Times are medians of steps, and those of single runs, which other programs may have disturbed"
                        : "Times are medians of steps, and those of runs, each step by the fastest of " + rounds
                                + " rounds")
                + "; FLOPs are counted as the papers do.");
        notes.add(
                result.noQuality() == null
                        ? "PSNR and SSIM compare with full computation, image by image: means, and the lowest PSNR in"
                                + " brackets."
                        : "There is no PSNR and SSIM: " + result.noQuality() + ".");
        result.batches().stream()
                .filter(batch -> batch.full().spread() > LARGE_SPREAD)
                .forEach(batch -> notes.add(text(
                        "With a batch of %d, full computation took up to %.0f %% longer in one round than in another: other programs were running, or the clock moved.",
                        batch.images(), 100 * batch.full().spread())));
        return notes;
    }

    private static String decibels(double db) {
        return Double.isInfinite(db) ? "inf" : text("%.2f", db);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
