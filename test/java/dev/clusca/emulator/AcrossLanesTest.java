package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shuffles, votes, matches and reductions of a warp against the PTX manual's pseudocode. */
class AcrossLanesTest {
    private static final long[] NOTHING = new long[Lanes.COUNT];

    /** {@code c} packs the clamp (bits 0 to 4) and the segment mask (bits 8 to 12). */
    @ParameterizedTest
    @CsvSource({
        "bfly, 1, 31",
        "bfly, 16, 31",
        "bfly, 5, 31",
        "bfly, 4, 6175",
        "down, 3, 31",
        "down, 3, 6175",
        "up, 3, 0",
        "up, 2, 6144",
        "idx, 7, 31",
        "idx, 3, 6175",
        "idx, 30, 7199"
    })
    void shuffles(String mode, int b, int c) {
        long[] a = Lanes.bits(1);
        long[] results = Lanes.run(
                "shfl.sync." + mode + ".b32 %r20|%p1, %r10, " + b + ", " + c
                        + ", -1; selp.u32 %r21, 1, 0, %p1; mov.b64 %rd20, {%r20, %r21};",
                a,
                NOTHING,
                NOTHING);
        int segment = c >> 8 & 31;
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            int highest = lane & segment | c & 31 & ~segment;
            int lowest = lane & segment;
            int j = switch (mode) {
                case "up" -> lane - b;
                case "down" -> lane + b;
                case "bfly" -> lane ^ b;
                default -> lowest | b & ~segment;
            };
            boolean inside = mode.equals("up") ? j >= highest : j <= highest;
            long expected = (a[inside ? j : lane] & 0xffffffffL) | (inside ? 1L << 32 : 0);
            assertThat(results[lane]).as("lane %d", lane).isEqualTo(expected);
        }
    }

    @Test
    void shufflesByADifferentLaneInEach() {
        long[] a = Lanes.bits(2);
        long[] b = Lanes.bits(3);
        long[] results = Lanes.run(
                "and.b32 %r11, %r11, 31; shfl.sync.idx.b32 %r20, %r10, %r11, 31, -1; cvt.u64.u32 %rd20, %r20;",
                a, b, NOTHING);
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            assertThat(results[lane]).isEqualTo(a[(int) (b[lane] & 31)] & 0xffffffffL);
        }
    }

    @Test
    void shufflesRegistersOfFloats() {
        long[] a = Lanes.floats(4);
        long[] results = Lanes.run(
                "shfl.sync.bfly.b32 %f20, %f10, 8, 31, -1; mov.b32 %r20, %f20; cvt.u64.u32 %rd20, %r20;",
                a, NOTHING, NOTHING);
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            assertThat(results[lane]).isEqualTo(a[lane ^ 8]);
        }
    }

    @Test
    void votes() {
        long[] a = Lanes.bits(5);
        int held = 0;
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            held |= (int) a[lane] > 0 ? 1 << lane : 0;
        }
        String test = "setp.gt.s32 %p1, %r10, 0;";
        assertThat(Lanes.run(
                        test + "vote.sync.ballot.b32 %r20, %p1, -1; cvt.u64.u32 %rd20, %r20;", a, NOTHING, NOTHING))
                .containsOnly(held & 0xffffffffL);
        assertThat(Lanes.run(test + "vote.sync.any.pred %p2, %p1, -1; selp.b64 %rd20, 1, 0, %p2;", a, NOTHING, NOTHING))
                .containsOnly(held != 0 ? 1 : 0);
        assertThat(Lanes.run(
                        test + "vote.sync.all.pred %p2, !%p1, -1; selp.b64 %rd20, 1, 0, %p2;", a, NOTHING, NOTHING))
                .containsOnly(held == 0 ? 1 : 0);
        assertThat(Lanes.run(test + "vote.sync.uni.pred %p2, %p1, -1; selp.b64 %rd20, 1, 0, %p2;", a, NOTHING, NOTHING))
                .containsOnly(held == 0 || held == -1 ? 1 : 0);
    }

    @Test
    void matches() {
        long[] a = Arrays.stream(Lanes.bits(6)).map(x -> x & 3).toArray();
        long[] results = Lanes.run("match.any.sync.b32 %r20, %r10, -1; cvt.u64.u32 %rd20, %r20;", a, NOTHING, NOTHING);
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
            long expected = 0;
            for (int other = 0; other < Lanes.COUNT; other++) {
                expected |= a[other] == a[lane] ? 1L << other : 0;
            }
            assertThat(results[lane]).isEqualTo(expected);
        }
        assertThat(Lanes.run(
                        "match.all.sync.b32 %r20|%p1, %r10, -1; selp.b64 %rd20, 1, 0, %p1;", NOTHING, NOTHING, NOTHING))
                .containsOnly(1);
    }

    @Test
    void reduces() {
        long[] a = Lanes.bits(7);
        int[] words = Arrays.stream(a).mapToInt(x -> (int) x).toArray();
        assertThat(reduced("add.s32", a)).containsOnly(Arrays.stream(words).sum() & 0xffffffffL);
        assertThat(reduced("max.s32", a))
                .containsOnly(Arrays.stream(words).max().orElseThrow() & 0xffffffffL);
        assertThat(reduced("min.u32", a))
                .containsOnly(Arrays.stream(words)
                        .mapToLong(x -> x & 0xffffffffL)
                        .min()
                        .orElseThrow());
        assertThat(reduced("xor.b32", a)).containsOnly(Arrays.stream(words).reduce(0, (x, y) -> x ^ y) & 0xffffffffL);
    }

    private static long[] reduced(String operation, long[] a) {
        return Lanes.run("redux.sync." + operation + " %r20, %r10, -1; cvt.u64.u32 %rd20, %r20;", a, NOTHING, NOTHING);
    }

    @Test
    void tellsWhichLanesRunTogether() {
        long[] results = Lanes.run(
                "setp.lt.u32 %p1, %r1, 5; @%p1 activemask.b32 %r20; @!%p1 mov.u32 %r20, 0; cvt.u64.u32 %rd20, %r20;",
                NOTHING, NOTHING, NOTHING);
        assertThat(Arrays.copyOf(results, 5)).containsOnly(31);
        assertThat(Arrays.copyOfRange(results, 5, 32)).containsOnly(0);
    }
}
