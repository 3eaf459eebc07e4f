package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Atomics of many blocks on two host threads lose nothing; each operation folds as its formula does. */
class AtomicsTest {
    private static final int THREADS = 256;
    private static final int BLOCKS = 20;

    @ParameterizedTest
    @ValueSource(
            strings = {"add.u32", "min.s32", "max.s32", "min.u32", "max.u32", "and.b32", "or.b32", "xor.b32", "inc.u32"
            })
    void foldsOverTheGrid(String operation) {
        int start = operation.startsWith("and") || operation.startsWith("min.u") ? -1 : 0;
        Kernel kernel = Kernel.of(
                Lanes.SEED,
                EmulatorOptions.DEFAULT,
                "mul.lo.s32 %r10, %r3, -1640531527; " + (operation.startsWith("inc") ? "mov.u32 %r10, 99; " : "")
                        + "atom.global." + operation + " %r11, [%rd1], %r10;",
                new int[] {start});
        int[] result = kernel.run(BLOCKS, THREADS);
        IntBinaryOperator f = switch (operation) {
            case "add.u32" -> Integer::sum;
            case "min.s32" -> Math::min;
            case "max.s32" -> Math::max;
            case "min.u32" -> (a, b) -> Integer.compareUnsigned(a, b) < 0 ? a : b;
            case "max.u32" -> (a, b) -> Integer.compareUnsigned(a, b) > 0 ? a : b;
            case "and.b32" -> (a, b) -> a & b;
            case "or.b32" -> (a, b) -> a | b;
            case "xor.b32" -> (a, b) -> a ^ b;
            default -> (a, b) -> a >= 99 ? 0 : a + 1;
        };
        int expected = start;
        for (int k = 0; k < BLOCKS * THREADS; k++) {
            expected = f.applyAsInt(expected, k * -1640531527);
        }
        assertThat(result[0]).isEqualTo(expected);
    }

    @Test
    void addsFloats() {
        int[] words =
                Kernel.of("red.global.add.f32 [%rd1], 0f3F000000;", new int[1]).run(4, 64);
        assertThat(Float.intBitsToFloat(words[0])).isEqualTo(128f);
    }

    @Test
    void swapsOnlyWhatWasExpected() {
        int[] words = Kernel.of("""
                        atom.global.cas.b32 %r10, [%rd1], 7, %r1;
                        atom.global.exch.b32 %r11, [%rd1+4], %r1;
                        """, new int[] {7, 3}).run(1, 32);
        assertThat(words[0]).as("lane 0 comes first, and 0 is not 7").isZero();
        assertThat(words[1]).isEqualTo(31);
    }

    @Test
    void findsTheLargestInSharedMemory() {
        // The draw of each thread above its number, as the representative draw does it.
        int[] words = Kernel.of("""
                        mov.u32 %r10, tile;
                        setp.ne.s32 %p1, %r1, 0;
                        @%p1 bra FILLED;
                        mov.u64 %rd10, 0;
                        st.shared.u64 [%r10], %rd10;
                        FILLED:
                        bar.sync 0;
                        mul.lo.s32 %r11, %r1, -1640531527;
                        mov.b64 %rd11, {%r1, %r11};
                        atom.shared.max.u64 %rd12, [%r10], %rd11;
                        bar.sync 0;
                        ld.shared.u64 %rd13, [%r10];
                        cvt.u32.u64 %r12, %rd13;
                        st.global.u32 [%rd2], %r12;
                        """, new int[128]).run(1, 128);
        int best = 0;
        for (int k = 1; k < 128; k++) {
            best = Integer.compareUnsigned(k * -1640531527, best * -1640531527) > 0 ? k : best;
        }
        assertThat(words).containsOnly(best);
    }

    @Test
    void theLastBlockSeesWhatAllOthersWrote() {
        // Each block writes its word, then counts itself; the last one writes over all of them.
        String fence = "membar.gl;";
        String body = """
                setp.ne.s32 %%p1, %%r1, 0;
                @%%p1 bra DONE;
                mul.wide.u32 %%rd10, %%r2, 4;
                add.s64 %%rd11, %%rd1, %%rd10;
                st.global.u32 [%%rd11+4], %%r2;
                %s
                atom.global.add.u32 %%r10, [%%rd1], 1;
                setp.ne.u32 %%p2, %%r10, 7;
                @%%p2 bra DONE;
                %s
                mov.u32 %%r11, 0;
                AGAIN:
                mul.wide.u32 %%rd12, %%r11, 4;
                add.s64 %%rd13, %%rd1, %%rd12;
                st.global.u32 [%%rd13+4], 42;
                add.s32 %%r11, %%r11, 1;
                setp.lt.s32 %%p3, %%r11, 8;
                @%%p3 bra AGAIN;
                DONE:
                """;
        int[] words = Kernel.of(body.formatted(fence, fence), new int[9]).run(8, 32);
        assertThat(Arrays.copyOfRange(words, 1, 9)).containsOnly(42);
        for (String[] fences :
                new String[][] {{"", ""}, {fence, ""}, {"", fence}, {"membar.cta;", fence}, {fence, "membar.cta;"}}) {
            assertThat(Kernel.of(body.formatted(fences[0], fences[1]), new int[9])
                            .launch(8, 32)
                            .faults())
                    .as("'%s' before the count and '%s' behind it", fences[0], fences[1])
                    .isNotEmpty();
        }
    }

    /** What fences keep until somebody asks for it must not make each of them dearer than the one before. */
    @Test
    @Timeout(30)
    void manyFencesThatNobodyWaitsForEnd() {
        String body = """
                mov.u32 %r10, 0;
                AGAIN:
                st.global.u32 [%rd2], %r10;
                membar.gl;
                bar.sync 0;
                add.s32 %r10, %r10, 1;
                setp.lt.s32 %p1, %r10, 20000;
                @%p1 bra AGAIN;
                """;
        int[] words = Kernel.of(body, new int[256]).run(1, 256);
        assertThat(words).containsOnly(19_999);
    }
}
