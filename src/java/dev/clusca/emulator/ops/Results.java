package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;

/** Operations that compute a register from others: the loop runs over all 32 lanes, and where only some are active, only theirs are kept. */
final class Results {
    private Results() {}

    /** A loop that fills {@code out} for all lanes. */
    interface Loop<T> {
        void fill(Warp warp, T out);
    }

    static Op ints(int d, Loop<int[]> loop) {
        return (warp, mask) -> {
            if (mask == Warp.ALL) {
                loop.fill(warp, warp.i[d]);
            } else {
                int[] all = warp.worker().scratch().i;
                loop.fill(warp, all);
                keep(warp.i[d], all, mask);
            }
        };
    }

    static Op floats(int d, Loop<float[]> loop) {
        return (warp, mask) -> {
            if (mask == Warp.ALL) {
                loop.fill(warp, warp.f[d]);
            } else {
                float[] all = warp.worker().scratch().f;
                loop.fill(warp, all);
                keep(warp.f[d], all, mask);
            }
        };
    }

    static Op longs(int d, Loop<long[]> loop) {
        return (warp, mask) -> {
            if (mask == Warp.ALL) {
                loop.fill(warp, warp.l[d]);
            } else {
                long[] all = warp.worker().scratch().l;
                loop.fill(warp, all);
                keep(warp.l[d], all, mask);
            }
        };
    }

    static Op doubles(int d, Loop<double[]> loop) {
        return (warp, mask) -> {
            if (mask == Warp.ALL) {
                loop.fill(warp, warp.d[d]);
            } else {
                double[] all = warp.worker().scratch().d;
                loop.fill(warp, all);
                keep(warp.d[d], all, mask);
            }
        };
    }

    /** A predicate from the bits that {@code bits} gives, one for each lane. */
    static Op predicate(int d, Bits bits) {
        return (warp, mask) -> {
            int[] p = warp.p;
            p[d] = p[d] & ~mask | bits.of(warp) & mask;
        };
    }

    /** One bit for each lane. */
    interface Bits {
        int of(Warp warp);
    }

    static void keep(int[] to, int[] from, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            to[lane] = from[lane];
        }
    }

    static void keep(float[] to, float[] from, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            to[lane] = from[lane];
        }
    }

    static void keep(long[] to, long[] from, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            to[lane] = from[lane];
        }
    }

    static void keep(double[] to, double[] from, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            to[lane] = from[lane];
        }
    }
}
