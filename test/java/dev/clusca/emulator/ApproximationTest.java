package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Approximate functions stay within the manual's error, are not exact, follow from the seed, and keep their special values; directed rounding is exact. */
class ApproximationTest {
    private static final long[] NOTHING = new long[Lanes.COUNT];

    private static double exact(String function, double x) {
        return switch (function) {
            case "ex2" -> Math.pow(2, x);
            case "rcp" -> 1 / x;
            case "rsqrt" -> 1 / Math.sqrt(x);
            case "sqrt" -> Math.sqrt(x);
            case "lg2" -> Math.log(x) / Math.log(2);
            case "tanh" -> Math.tanh(x);
            case "sin" -> Math.sin(x);
            default -> Math.cos(x);
        };
    }

    /** The error relative to the value, or to 1 where the manual bounds it absolutely. */
    @ParameterizedTest
    @CsvSource({
        "ex2, 2.4e-7, relative", "rcp, 1.2e-7, relative", "rsqrt, 1.28e-7, relative", "sqrt, 1.2e-7, relative",
        "tanh, 4.9e-4, relative", "lg2, 2.4e-7, absolute", "sin, 6.8e-7, absolute", "cos, 6.8e-7, absolute"
    })
    void staysWithinItsErrorAndIsNotExact(String function, double bound, String kind) {
        double worst = 0;
        for (int round = 0; round < 16; round++) {
            long[] a = arguments(round);
            long[] results = Lanes.run(
                    function + ".approx.f32 %f20, %f10; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;",
                    a,
                    NOTHING,
                    NOTHING);
            for (int lane = 0; lane < Lanes.COUNT; lane++) {
                double value = exact(function, Float.intBitsToFloat((int) a[lane]));
                double error = Math.abs(Float.intBitsToFloat((int) results[lane]) - value);
                worst = Math.max(worst, kind.equals("relative") ? error / Math.abs(value) : error);
            }
        }
        // An exact implementation would stay under half a unit in the last place, 6e-8.
        assertThat(worst).as("-Dclusca.seed=%d", Lanes.SEED).isBetween(bound / 4, bound);
    }

    /** Numbers from 0.5 to 2, where every function's bound holds. */
    private static long[] arguments(int round) {
        long[] bits = Lanes.bits(100 + round);
        for (int lane = 0; lane < bits.length; lane++) {
            bits[lane] = Float.floatToRawIntBits(0.5f + (bits[lane] >>> 40) * 0x1.8p-24f);
        }
        return bits;
    }

    /** As on a GPU: what changes from launch to launch is the order alone. */
    @Test
    void everyLaunchGivesTheSameResult() {
        int[] numbers = new int[Lanes.COUNT];
        Arrays.setAll(numbers, lane -> Float.floatToRawIntBits(0.5f + lane));
        String body = "ld.global.f32 %f1, [%rd2]; tanh.approx.f32 %f2, %f1; st.global.f32 [%rd2+128], %f2;";
        Kernel kernel = Kernel.of(body, Arrays.copyOf(numbers, 2 * Lanes.COUNT));
        int[] first = kernel.run(1, Lanes.COUNT);
        assertThat(kernel.run(1, Lanes.COUNT)).isEqualTo(first);
    }

    @Test
    void anotherSeedGivesAnotherResult() {
        String body = "tanh.approx.f32 %f20, %f10; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;";
        long[] a = arguments(1);
        assertThat(Lanes.run(1, body, a, NOTHING, NOTHING)).isEqualTo(Lanes.run(1, body, a, NOTHING, NOTHING));
        assertThat(Lanes.run(1, body, a, NOTHING, NOTHING)).isNotEqualTo(Lanes.run(2, body, a, NOTHING, NOTHING));
    }

    @ParameterizedTest
    @CsvSource({
        "ex2.approx.ftz, 0, 1", "ex2.approx.ftz, -Infinity, 0", "ex2.approx, Infinity, Infinity",
                "rcp.approx.ftz, 0, Infinity",
        "rcp.approx.ftz, -Infinity, -0.0", "rsqrt.approx, 0, Infinity", "rsqrt.approx, -1, NaN",
                "lg2.approx, 0, -Infinity",
        "lg2.approx, -1, NaN", "tanh.approx, Infinity, 1", "ex2.approx, NaN, NaN", "ex2.approx.ftz, -140, 0"
    })
    void keepsSpecialValues(String function, float x, float expected) {
        long[] a = new long[Lanes.COUNT];
        Arrays.fill(a, Float.floatToRawIntBits(x) & 0xffffffffL);
        long[] results = Lanes.run(
                function + ".f32 %f20, %f10; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;", a, NOTHING, NOTHING);
        assertThat(Float.valueOf(Float.intBitsToFloat((int) results[0]))).isEqualTo(Float.valueOf(expected));
    }

    @ParameterizedTest
    @CsvSource({"rm", "rp", "rz"})
    void roundsInTheGivenDirection(String direction) {
        long[] a = arguments(2);
        long[] b = arguments(3);
        long[] c = arguments(4);
        long[] results = Lanes.run(
                "fma." + direction + ".f32 %f20, %f10, %f11, %f12; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;",
                a,
                b,
                c);
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            BigDecimal exact = decimal(a[lane]).multiply(decimal(b[lane])).add(decimal(c[lane]));
            float result = Float.intBitsToFloat((int) results[lane]);
            BigDecimal gap = exact.subtract(new BigDecimal(result));
            // The numbers are positive, so towards zero is down.
            assertThat(gap.signum()).isIn(direction.equals("rp") ? -1 : 1, 0);
            assertThat(gap.doubleValue()).isCloseTo(0, within((double) Math.ulp(result)));
        }
    }

    private static BigDecimal decimal(long bits) {
        return new BigDecimal(Float.intBitsToFloat((int) bits));
    }
}
