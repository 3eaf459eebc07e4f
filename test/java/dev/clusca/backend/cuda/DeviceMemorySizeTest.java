package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The size classes of device memory. */
class DeviceMemorySizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 256",
        "1, 256",
        "256, 256",
        "257, 512",
        "4096, 4096",
        "4097, 4608",
        "1000000, 1048576",
        "1048577, 1179648"
    })
    void areThese(long bytes, long size) {
        assertThat(DeviceMemory.sizeClass(bytes)).isEqualTo(size);
    }

    @Test
    void fitWasteLittleAndAreFew() {
        long seed = Long.getLong("clusca.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        TreeSet<Long> classes = new TreeSet<>();
        for (int i = 0; i < 20_000; i++) {
            long bytes = random.nextLong(1, 1L << random.nextInt(1, 40));
            long size = DeviceMemory.sizeClass(bytes);
            assertThat(size)
                    .as("-Dclusca.seed=" + seed)
                    .isGreaterThanOrEqualTo(bytes)
                    .isEqualTo(size / 256 * 256);
            assertThat(size - bytes).as("-Dclusca.seed=" + seed).isLessThan(Math.max(256, bytes / 8 + 1));
            assertThat(DeviceMemory.sizeClass(size)).as("-Dclusca.seed=" + seed).isEqualTo(size);
            classes.add(size);
        }
        assertThat(classes).hasSizeLessThanOrEqualTo(40 * 8);
    }
}
