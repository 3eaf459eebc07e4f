package dev.clusca.emulator;

import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.random.Philox;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Runs a piece of PTX on 32 lanes: each lane finds its arguments a, b, c of 64 bits in {@code %rd10, %rd11, %rd12} (and their low words in {@code %r10, %r11, %r12}, these as
 * floats in {@code %f10, %f11, %f12}), and leaves its result in {@code %rd20}, which begins as zero.
 */
final class Lanes {
    static final int COUNT = 32;
    static final long SEED = Long.getLong("clusca.seed", 31);

    private static final String KERNEL = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 out, .param .u64 a, .param .u64 b, .param .u64 c)
            {
              .reg .pred %%p<16>;
              .reg .b16 %%h<32>;
              .reg .b32 %%r<40>;
              .reg .b64 %%rd<40>;
              .reg .f32 %%f<40>;
              .reg .f64 %%d<40>;
              .shared .align 16 .b8 tile[4096];
              mov.u32 %%r1, %%tid.x;
              mul.wide.u32 %%rd1, %%r1, 8;
              ld.param.u64 %%rd2, [a];
              add.s64 %%rd2, %%rd2, %%rd1;
              ld.global.u64 %%rd10, [%%rd2];
              ld.param.u64 %%rd3, [b];
              add.s64 %%rd3, %%rd3, %%rd1;
              ld.global.u64 %%rd11, [%%rd3];
              ld.param.u64 %%rd4, [c];
              add.s64 %%rd4, %%rd4, %%rd1;
              ld.global.u64 %%rd12, [%%rd4];
              cvt.u32.u64 %%r10, %%rd10;
              cvt.u32.u64 %%r11, %%rd11;
              cvt.u32.u64 %%r12, %%rd12;
              mov.b32 %%f10, %%r10;
              mov.b32 %%f11, %%r11;
              mov.b32 %%f12, %%r12;
              mov.u64 %%rd20, 0;
              %s
              ld.param.u64 %%rd5, [out];
              add.s64 %%rd5, %%rd5, %%rd1;
              st.global.u64 [%%rd5], %%rd20;
              ret;
            }
            """;

    private Lanes() {}

    /** The 32 results. */
    static long[] run(String body, long[] a, long[] b, long[] c) {
        return run(SEED, body, a, b, c);
    }

    static long[] run(long seed, String body, long[] a, long[] b, long[] c) {
        Emulator emulator =
                Emulator.create(seed, EmulatorOptions.DEFAULT.withThreads(1).withBudget(100_000));
        long out = emulator.allocate(8 * COUNT, "out");
        Parameters parameters = new Parameters().pointer(out);
        for (long[] argument : new long[][] {a, b, c}) {
            long address = emulator.allocate(8 * COUNT, "argument");
            emulator.write(address, MemorySegment.ofArray(argument));
            parameters.pointer(address);
        }
        Ptx module = Ptx.parse(KERNEL.formatted(body));
        emulator.launch(module, "k", Dim3.of(1), Dim3.of(COUNT), 0, parameters).orThrow();
        long[] results = new long[COUNT];
        emulator.read(out, MemorySegment.ofArray(results));
        return results;
    }

    /** Random bits, with the numbers that are most often wrong among them. */
    static long[] bits(int stream) {
        long[] edges = {
            0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0x80000000L, 0x7fffffffL, 0xffffL, 0x8000L, 31, 32, 33, 63, 64
        };
        long[] bits = new long[COUNT];
        int[] words = new int[4];
        for (int lane = 0; lane < COUNT; lane++) {
            Philox.words(SEED, lane, stream, 0, 0, words);
            boolean edge = (words[2] & 3) == 0;
            bits[lane] = edge
                    ? edges[Integer.remainderUnsigned(words[3], edges.length)]
                    : (long) words[0] << 32 | words[1] & 0xffffffffL;
        }
        return bits;
    }

    /** Random floats of moderate size as bits, with zeros, infinities and NaN among them. */
    static long[] floats(int stream) {
        float[] edges = {0f, -0f, 1f, -1f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0.5f};
        long[] bits = new long[COUNT];
        int[] words = new int[4];
        for (int lane = 0; lane < COUNT; lane++) {
            Philox.words(SEED, lane, stream, 1, 0, words);
            float x = (words[2] & 3) == 0
                    ? edges[Integer.remainderUnsigned(words[3], edges.length)]
                    : words[0] * 0x1p-31f * (float) Math.pow(2, words[1] >> 27);
            bits[lane] = Float.floatToRawIntBits(x) & 0xffffffffL;
        }
        return bits;
    }

    /** Random doubles of moderate size as bits. */
    static long[] doubles(int stream) {
        return Arrays.stream(floats(stream))
                .map(bits -> Double.doubleToRawLongBits(Float.intBitsToFloat((int) bits) * 1.000000001))
                .toArray();
    }
}
