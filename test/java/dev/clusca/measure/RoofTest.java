package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.pipeline.profile.Cost;
import org.junit.jupiter.api.Test;

class RoofTest {
    /** 10 GB/s and 100 GFLOP/s: ten operations a byte take as long as the byte. */
    private static final Roof ROOF = new Roof(10e9, 100e9, 1 << 20, "made up");

    @Test
    void theSlowerOfBytesAndOperationsSetsTheTime() {
        Cost memory = new Cost(10_000, 1_000);
        Cost compute = new Cost(1_000, 1_000_000);
        assertThat(ROOF.micros(memory)).isCloseTo(1, within(1e-9));
        assertThat(ROOF.isMemoryBound(memory)).isTrue();
        assertThat(ROOF.micros(compute)).isCloseTo(10, within(1e-9));
        assertThat(ROOF.isMemoryBound(compute)).isFalse();
        assertThat(ROOF.micros(new Cost(10_000, 100_000))).isCloseTo(1, within(1e-9));
    }

    @Test
    void bytesInCachesMayMoveFasterButNothingIsComputedFaster() {
        Cost memory = new Cost(10_000, 1_000);
        assertThat(ROOF.isImpossible(memory, 0.96, CacheMode.COLD)).isFalse(); // within what measuring is wrong by
        assertThat(ROOF.isImpossible(memory, 0.94, CacheMode.COLD)).isTrue();
        assertThat(ROOF.isImpossible(memory, 0.94, CacheMode.FLUSHED)).isTrue();
        assertThat(ROOF.isImpossible(memory, 0.94, CacheMode.WARM)).isFalse();
        Cost compute = new Cost(10, 100_000);
        for (CacheMode mode : CacheMode.values()) {
            assertThat(ROOF.isImpossible(compute, 0.96, mode)).isFalse();
            assertThat(ROOF.isImpossible(compute, 0.94, mode)).isTrue();
        }
    }

    @Test
    void ofTwoMeasurementsTheHigherCounts() {
        assertThat(ROOF.or(new Roof(5e9, 200e9, 7, "again"))).isEqualTo(new Roof(10e9, 200e9, 1 << 20, "made up"));
        assertThat(ROOF.or(new Roof(20e9, 50e9, 7, "again"))).isEqualTo(new Roof(20e9, 100e9, 1 << 20, "made up"));
    }
}
