package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.cache.FullCompute;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.checkpoint.DitConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final DitConfig CONFIG =
            new DitConfig(12, 4, 3, 16, 1, 2, 4.0, 10, true, true, 1e-6, 0, 3, true, List.of());
    private static final int PER_IMAGE = 3 * 12 * 12;

    /** 100 ms and 10 T against 40 ms and 4 T; the second picture is off by 2 of 255, the first is equal. */
    @Test
    void relatesEveryRunToTheFirst() {
        Comparison comparison = new Comparison(List.of(full(), cached(0, 2, 40)));

        Comparison.Row reference = comparison.rows().get(0);
        Comparison.Row row = comparison.rows().get(1);
        assertThat(reference.quality()).isNull();
        assertThat(reference.speedupTime()).isEqualTo(1);
        assertThat(row.speedupTime()).isEqualTo(2.5);
        assertThat(row.speedupFlops()).isEqualTo(2.5);
        assertThat(row.speedupExecuted()).isEqualTo(2);
        assertThat(row.quality()).isNotNull().satisfies(q -> {
            assertThat(q.psnrDb()).isInfinite();
            assertThat(q.minPsnrDb()).isCloseTo(20 * Math.log10(255 / 2.0), within(1e-9));
        });
        assertThat(comparison.table().lines())
                .hasSize(3)
                .anyMatch(line -> line.matches("full +20\\.00 +- +100 +1\\.00x +1\\.00x +reference +-"))
                .anyMatch(line ->
                        line.matches("cached +20\\.00 +3\\.00 +40 +2\\.50x +2\\.50x +inf \\(42\\.11\\) +0\\.\\d{4}"));
    }

    /** The median over an even number of steps lies between the two in the middle. */
    @Test
    void stepTimesAreMedians() {
        RunMetrics metrics = metrics(40, StepKind.FULL, 20.0, StepKind.CACHED, 1.0, StepKind.CACHED, 100.0);

        assertThat(metrics.fullStepMs()).hasValue(20);
        assertThat(metrics.cachedStepMs()).hasValue(50.5);
    }

    @Test
    void reportsInfinitePsnrAsNullWithANote() {
        Comparison comparison = new Comparison(List.of(full(), cached(0, 0, 40), cached(0, 2, 40), cached(1, 2, 40)));
        List<Map<String, @Nullable Object>> rows =
                comparison.rows().stream().map(Report::row).toList();

        assertThat(rows.get(0))
                .containsEntry("policy", "full")
                .containsEntry("ms_full_step", 20.0)
                .containsEntry("ms_cached_step", null)
                .containsEntry("psnr_db", null)
                .containsEntry("ssim", null)
                .containsEntry("psnr_note", "the reference");
        assertThat(rows.get(1))
                .containsEntry("policy", "taylorseer:interval=3,order=2,first=2")
                .containsEntry("ms_cached_step", 3.0)
                .containsEntry("ms_total", 40.0)
                .containsEntry("speedup_time", 2.5)
                .containsEntry("speedup_flops", 2.5)
                .containsEntry("speedup_flops_executed", 2.0)
                .containsEntry("psnr_db", null)
                .containsEntry("psnr_db_min", null)
                .containsEntry("ssim", 1.0)
                .containsEntry("psnr_note", "every picture is identical to the reference's");
        assertThat(rows.get(2))
                .containsEntry("psnr_db", null)
                .hasEntrySatisfying("psnr_db_min", v -> assertThat((double) v).isCloseTo(42.1102, within(1e-4)));
        assertThat((String) rows.get(2).get("psnr_note")).contains("a picture is identical");
        assertThat((double) rows.get(3).get("psnr_db")).isCloseTo((48.1308 + 42.1102) / 2, within(1e-4));
        assertThat(rows.get(3)).doesNotContainKey("psnr_note");
    }

    @Test
    void drawsEveryRunAndTheErrorsOfAllButTheFirst() {
        Montage montage = new Comparison(List.of(full(), cached(0, 2, 40))).montage("title");

        assertThat(montage.panels()).hasSize(3);
        assertThat(montage.panels().get(1).heading()).contains("cached", "0.0 s, 2.50x", "PSNR inf dB");
        assertThat(montage.panels().get(2).isErrorMap()).isTrue();
        assertThat(montage.panels().get(2).heading()).contains("cached - full");
        assertThat(montage.render().width()).isPositive();
    }

    @Test
    void refusesRunsOfOtherClasses() {
        Comparison.Run other = new Comparison.Run(
                "other",
                new FullCompute(),
                new Samples(
                        CONFIG,
                        new float[PER_IMAGE],
                        new int[] {3},
                        full().samples().metrics()));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Comparison(List.of(full(), other)))
                .withMessageContaining("other classes");
        assertThatIllegalArgumentException().isThrownBy(() -> new Comparison(List.of()));
    }

    private static Comparison.Run full() {
        return new Comparison.Run(
                "full",
                new FullCompute(),
                new Samples(CONFIG, images(0, 0), new int[] {1, 2}, metrics(100, StepKind.FULL, 20.0)));
    }

    /** Two pictures, brighter than the reference's by so many of 255. */
    private static Comparison.Run cached(int first, int second, double totalMs) {
        return new Comparison.Run(
                "cached",
                new TaylorSeer(3, 2),
                new Samples(
                        CONFIG,
                        images(first, second),
                        new int[] {1, 2},
                        metrics(totalMs, StepKind.FULL, 20.0, StepKind.CACHED, 3.0)));
    }

    private static float[] images(int first, int second) {
        float[] values = new float[2 * PER_IMAGE];
        Arrays.fill(values, 0, PER_IMAGE, first / 127.5f);
        Arrays.fill(values, PER_IMAGE, values.length, second / 127.5f);
        return values;
    }

    /** Kinds and milliseconds by turns; floating-point operations follow the total time. */
    private static RunMetrics metrics(double totalMs, Object... steps) {
        List<RunMetrics.StepTime> times = new ArrayList<>();
        for (int i = 0; i < steps.length; i += 2) {
            times.add(new RunMetrics.StepTime(i, (StepKind) steps[i], (double) steps[i + 1]));
        }
        return new RunMetrics(totalMs, times, totalMs * 1e11, (totalMs + 20) * 1e11);
    }
}
