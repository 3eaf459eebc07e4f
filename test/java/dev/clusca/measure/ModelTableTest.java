package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.pipeline.Quality;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ModelTableTest {
    @Test
    void linesUpItsColumns() {
        assertThat(new ModelTable(Results.models(1)).text()).isEqualTo("""
                        models/x in f32 on cpu: 50 DDIM steps, guidance 3, seed 7

                        1 image at once (2 rows): full computation took 1.00, 1.02 s
                        policy  interval  ms/full step  ms/cached step  ms total  speed-up  in FLOPs  PSNR dB (min)    SSIM
                        full           -         20.00               -      1000     1.00x     1.00x      reference       -
                        fora           3         21.50            1.25       500     2.00x     2.20x  40.00 (38.50)  0.9800
                        fora           5         21.50            1.25       250     4.00x     4.40x  30.00 (28.50)  0.9000
                        clusca         3         21.50            1.25       526     1.90x     2.09x  42.00 (41.00)  0.9900
                        clusca         5         21.50            1.25       286     3.50x     3.85x  32.00 (31.00)  0.9500

                        Times are medians of steps, and those of runs, each step by the fastest of 2 rounds; FLOPs are counted as the papers do.
                        PSNR and SSIM compare with full computation, image by image: means, and the lowest PSNR in brackets.
                        """);
    }

    @Test
    void isMarkdownToo() {
        String markdown = new ModelTable(Results.models(1, 8)).markdown();

        assertThat(markdown)
                .contains(
                        "\n8 images at once (16 rows): full computation took 8.00, 8.16 s",
                        "\n\n| policy | interval | ms/full step | ms/cached step | ms total | speed-up | in FLOPs | PSNR dB (min) | SSIM |\n"
                                + "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
                                + "| full | - | 160.00 | - | 8000 | 1.00x | 1.00x | reference | - |\n"
                                + "| fora | 3 | 21.50 | 1.25 | 500 | 2.00x | 2.20x | 40.00 (38.50) | 0.9800 |\n");
    }

    @Test
    void numbersChosenPolicies() {
        ModelResult result = Results.of("x", Results.chosen("full=4/9", 2), Results.chosen("interval=5", 2));

        assertThat(new ModelTable(result).text().lines())
                .containsSubsequence(
                        "policy  no.  ms/full step  ms/cached step  ms total  speed-up  in FLOPs",
                        "full      -         20.00               -      1000     1.00x     1.00x",
                        "fora      1         21.50            1.25       500     2.00x     2.20x",
                        "fora      2         21.50            1.25       500     2.00x     2.20x",
                        "",
                        "1 is fora:full=4/9",
                        "2 is fora:interval=5");
        assertThat(new ModelTable(result).markdown())
                .contains(
                        "| policy | no. |",
                        "| fora | 2 |",
                        "\n\n* 1 is fora:full=4/9\n* 2 is fora:interval=5\n\nTimes");
    }

    @Test
    void leavesQualityOutWhereThereIsNoneAndSaysWhy() {
        String text = new ModelTable(Results.of("the model makes latents", Results.run("fora", 3, 2, null))).text();

        assertThat(text)
                .contains("There is no PSNR and SSIM: the model makes latents.\n")
                .doesNotContain("PSNR dB", "reference");
        assertThat(text.lines()).anyMatch(line -> line.endsWith("  2.00x     2.20x"));
    }

    @Test
    void showsWhatIsMissing() {
        ModelResult.Run run = new ModelResult.Run(
                "fora",
                "fora",
                OptionalInt.of(9),
                4,
                0,
                20,
                OptionalDouble.empty(),
                80,
                1,
                1,
                1,
                new Quality.Batch(Double.POSITIVE_INFINITY, 51.5, 1));

        assertThat(new ModelTable(Results.of(null, run)).text().lines())
                .anyMatch(line -> line.matches("fora +9 +20\\.00 +- +80 .* inf \\(51\\.50\\)  1\\.0000"));
    }

    @Test
    void saysWhatSingleRunsAre() {
        ModelResult result = Results.models(1);
        ModelSettings once = ModelSettings.ofDit("models/x", 50, 3, 7, 1);

        assertThat(new ModelTable(new ModelResult(
                                result.version(),
                                result.backend(),
                                result.device(),
                                result.machine(),
                                once,
                                result.dtype(),
                                null,
                                result.batches()))
                        .text())
                .contains("those of single runs, which other programs may have disturbed; FLOPs");
    }

    @Test
    void warnsOfAMachineThatChangedItsSpeed() {
        ModelResult calm = Results.models(8);
        ModelResult.Batch batch = calm.batches().getFirst();
        ModelResult.Batch disturbed = new ModelResult.Batch(
                8, 16, new ModelResult.Full(20, 1000, List.of(1000.0, 1010.0, 1080.0)), batch.runs());

        assertThat(new ModelTable(calm).text()).doesNotContain("With a batch of");
        assertThat(new ModelTable(new ModelResult(
                                calm.version(),
                                calm.backend(),
                                calm.device(),
                                calm.machine(),
                                calm.settings(),
                                calm.dtype(),
                                null,
                                List.of(disturbed)))
                        .text())
                .contains("With a batch of 8, full computation took up to 8 % longer in one round than in another");
    }
}
