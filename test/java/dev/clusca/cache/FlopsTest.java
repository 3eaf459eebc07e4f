package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.checkpoint.DitConfig;
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
}
