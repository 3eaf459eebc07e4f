package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FluxConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published digits, in TFLOPs: DiT-XL/2, 256 x 256, 50 steps, 2 rows (cache-methods 2.7). */
class FlopsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "full | 23.74",
                "clusca:interval=3,clusters=16 | 9.17",
                "clusca:interval=4,clusters=16 | 7.35",
                "clusca:interval=5,clusters=16 | 5.98",
                "clusca:interval=9,clusters=16 | 4.16",
                "clusca:interval=5,clusters=4 | 5.43",
                "clusca:interval=5,clusters=64 | 8.21",
                "taylorseer:interval=3 | 8.56",
                "taylorseer:interval=4 | 6.66",
                "taylorseer:interval=5 | 5.24",
                "taylorseer:interval=9 | 3.34",
            })
    void publishedDigits(String policy, double tera) {
        Flops flops = Flops.of(DitConfig.of("XL/2", 256), CachePolicy.parse(policy), 50, 2, 2);
        assertThat(flops.published() / 1e12).isCloseTo(tera, within(0.005));
    }

    /** 118.6 GMACs a row are the DiT paper's own count for XL/2 at 256 x 256; executed operations are two a MAC, modulations once a run. */
    @ParameterizedTest
    @CsvSource({"1", "2", "8"})
    void executedAgreesWithThePapersMacs(int rows) {
        Flops flops = Flops.of(DitConfig.of("XL/2", 256), new FullCompute(), 50, rows, 2);
        double modulation = 2.0 * rows * (28 * 6 + 2) * 1152 * 1152;
        assertThat((flops.executedFull() + modulation) / rows).isCloseTo(2 * 118.6e9, within(0.01 * 2 * 118.6e9));
    }

    /** FLUX.1-dev at 1024 x 1024, 512 text tokens, 50 steps, order 1, three full steps first: within a ten-thousandth, since the published counter has some element-wise work, too. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "full | 3719.50",
                "clusca:interval=4,clusters=16,order=1,first=3 | 1045.58",
                "clusca:interval=5,clusters=16,order=1,first=3 | 897.03",
                "clusca:interval=6,clusters=16,order=1,first=3 | 748.48",
                "clusca:interval=7,clusters=16,order=1,first=3 | 674.20",
                "clusca:interval=8,clusters=16,order=1,first=3 | 599.93",
                "taylorseer:interval=4,order=1,first=3 | 1042.27",
                "taylorseer:interval=5,order=1,first=3 | 893.54",
                "taylorseer:interval=6,order=1,first=3 | 744.80",
                "taylorseer:interval=7,order=1,first=3 | 670.44",
                "taylorseer:interval=8,order=1,first=3 | 596.07",
            })
    void publishedDigitsOfFlux(String policy, double tera) {
        Flops flops = Flops.of(FluxConfig.dev(), CachePolicy.parse(policy), 50, 512, 4096);
        assertThat(flops.published() / 1e12).isCloseTo(tera, within(1e-4 * tera));
    }

    /** What is executed of a cached step is the image's share: half of the representatives, and none of the embedded text. */
    @ParameterizedTest
    @CsvSource({"0", "16", "64"})
    void executedOfFluxLeavesTheTextOut(int clusters) {
        CachePolicy policy = CachePolicy.parse(
                clusters == 0 ? "taylorseer:interval=5,order=1" : "clusca:interval=5,order=1,clusters=" + clusters);
        Flops flops = Flops.of(FluxConfig.dev(), policy, 50, 512, 4096);
        double products = 19.0 * clusters * 16 * 3072 * 3072 + 2.0 * 4096 * 3072 * 128;
        double forecasts = (2 * 19 + 38) * 5.0 * 4096 * 3072;
        assertThat(flops.executedCached()).isCloseTo(products + forecasts, within(0.03 * (products + forecasts)));
        assertThat(flops.executedFull()).isCloseTo(flops.publishedFull(), within(0.01 * flops.publishedFull()));
    }
}
