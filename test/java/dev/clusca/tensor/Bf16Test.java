package dev.clusca.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class Bf16Test {
    @Test
    void everyBfloat16SurvivesTheWayThroughFloat32() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Bf16.toFloat((short) bits);
            int back = Bf16.fromFloat(value) & 0xffff;
            if (Float.isNaN(value)) {
                assertThat(Bf16.toFloat((short) back)).isNaN();
                assertThat(back & 0x8000).as("sign of %x", bits).isEqualTo(bits & 0x8000);
            } else {
                assertThat(back).isEqualTo(bits);
                assertThat(Bf16.fromDouble(value) & 0xffff).isEqualTo(bits);
            }
        }
    }

    @Test
    void roundsToNearestTiesToEven() {
        assertThat(Bf16.round(1 + 0x1p-8f)).as("tie, even below").isEqualTo(1f);
        assertThat(Bf16.round(1 + 3 * 0x1p-8f)).as("tie, even above").isEqualTo(1 + 0x1p-6f);
        assertThat(Bf16.round(Math.nextUp(1 + 0x1p-8f))).isEqualTo(1 + 0x1p-7f);
        assertThat(Bf16.round(-1 - 0x1p-8f)).isEqualTo(-1f);
        assertThat(Bf16.round(Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Bf16.fromFloat(-0f)).isEqualTo((short) 0x8000);
    }

    @Test
    void aSignallingNaNStaysANaN() {
        assertThat(Bf16.toFloat(Bf16.fromFloat(Float.intBitsToFloat(0x7f800001))))
                .isNaN();
        assertThat(Bf16.toFloat(Bf16.fromDouble(Double.NaN))).isNaN();
    }

    @Test
    void aDoubleIsRoundedOnce() {
        double aboveTie = 1 + 0x1p-8 + 0x1p-40;
        assertThat(Bf16.round((float) aboveTie)).as("by way of float32").isEqualTo(1f);
        assertThat(Bf16.toFloat(Bf16.fromDouble(aboveTie))).as("at once").isEqualTo(1 + 0x1p-7f);
        double belowTie = 1 + 3 * 0x1p-8 - 0x1p-40;
        assertThat(Bf16.toFloat(Bf16.fromDouble(belowTie))).isEqualTo(1 + 0x1p-7f);
        assertThat(Bf16.toFloat(Bf16.fromDouble(-aboveTie))).isEqualTo(-1 - 0x1p-7f);
        assertThat(Bf16.toFloat(Bf16.fromDouble(1e300))).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(Bf16.toFloat(Bf16.fromDouble(-1e-300))).isEqualTo(-0f);
    }

    @Test
    void aRoundedDoubleIsTheNearestOfItsNeighbours() {
        long seed = Long.getLong("clusca.seed", 11);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            double value = random.nextDouble(-4, 4) * Math.pow(2, random.nextInt(-60, 60));
            int bits = Bf16.fromDouble(value) & 0x7fff;
            BigDecimal size = new BigDecimal(Math.abs(value));
            BigDecimal error =
                    new BigDecimal(Bf16.toFloat((short) bits)).subtract(size).abs();
            for (int other : new int[] {bits - 1, bits + 1}) {
                BigDecimal otherError = new BigDecimal(Bf16.toFloat((short) other))
                        .subtract(size)
                        .abs();
                assertThat(error).as("%s, -Dclusca.seed=%d", value, seed).isLessThanOrEqualTo(otherError);
            }
        }
    }
}
