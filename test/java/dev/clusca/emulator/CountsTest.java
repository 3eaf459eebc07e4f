package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sectors, bank conflicts, bytes and instructions of access patterns whose cost is known. */
class CountsTest {
    /** Lane l loads the word at {@code l * stride + offset}. */
    @ParameterizedTest
    @CsvSource({"4, 0, 4", "4, 4, 5", "8, 0, 8", "32, 0, 32", "64, 0, 32", "0, 0, 1", "-4, 124, 4"})
    void countsSectors(int stride, int offset, int sectors) {
        LaunchReport report = Kernel.of("""
                        mul.lo.s32 %%r10, %%r1, %d;
                        cvt.s64.s32 %%rd10, %%r10;
                        add.s64 %%rd11, %%rd1, %%rd10;
                        ld.global.u32 %%r11, [%%rd11+%d];
                        """.formatted(stride, offset), new int[1024])
                .launch(1, 32)
                .orThrow();
        assertThat(report.total().sectors()).isEqualTo(sectors);
        assertThat(report.total().globalLoadBytes()).isEqualTo(128);
        assertThat(report.total().globalRequests()).isEqualTo(1);
    }

    /** Lane l stores {@code width} bytes at {@code l * stride}; the extra passes are those of the bank rule. */
    @ParameterizedTest
    @CsvSource({
        "u32, 4, 1, 0",
        "u32, 8, 2, 1",
        "u32, 128, 32, 31",
        "u32, 132, 1, 0",
        "u32, 12, 1, 0",
        "v2.u32, 8, 2, 0",
        "v2.u32, 16, 4, 2",
        "v4.u32, 16, 4, 0",
        "v4.u32, 32, 8, 4",
        "v4.u32, 144, 4, 0",
        "u16, 2, 1, 0"
    })
    void countsBankConflicts(String type, int stride, int passes, int extra) {
        String source = type.startsWith("v4") ? "{%r1, %r1, %r1, %r1}" : type.startsWith("v2") ? "{%r1, %r1}" : "%r1";
        LaunchReport report = Kernel.of("""
                        mov.u32 %%r10, tile;
                        mad.lo.s32 %%r11, %%r1, %d, %%r10;
                        st.shared.%s [%%r11], %s;
                        """.formatted(stride, type, source), new int[1])
                .launch(1, 32)
                .orThrow();
        assertThat(report.total().wavefronts()).isEqualTo(passes);
        assertThat(report.total().extraWavefronts()).isEqualTo(extra);
        assertThat(report.total().sharedRequests()).isEqualTo(1);
    }

    @Test
    void aBroadcastIsOnePass() {
        LaunchReport report = Kernel.of("""
                        mov.u32 %r10, tile;
                        setp.ne.s32 %p1, %r1, 0;
                        @!%p1 st.shared.u32 [%r10], %r1;
                        bar.warp.sync -1;
                        ld.shared.u32 %r11, [%r10];
                        """, new int[1]).launch(1, 32).orThrow();
        assertThat(report.total().wavefronts()).isEqualTo(2);
        assertThat(report.total().extraWavefronts()).isZero();
    }

    /** Lane l adds to the word at {@code l / lanes * stride}: lanes at one word wait for each other, and so do words of one bank. */
    @ParameterizedTest
    @CsvSource({"1, 4, 1, 0", "4, 4, 4, 3", "32, 4, 32, 31", "1, 128, 32, 31", "2, 64, 16, 15"})
    void lanesOfAnAtomicWait(int lanes, int stride, int passes, int extra) {
        LaunchReport report = Kernel.of("""
                        mov.u32 %%r10, tile;
                        div.u32 %%r11, %%r1, %d;
                        mad.lo.s32 %%r11, %%r11, %d, %%r10;
                        rem.u32 %%r12, %%r1, %d;
                        setp.eq.s32 %%p1, %%r12, 0;
                        @%%p1 st.shared.u32 [%%r11], %%r12;
                        bar.warp.sync -1;
                        atom.shared.add.u32 %%r13, [%%r11], 1;
                        """.formatted(lanes, stride, lanes), new int[1])
                .launch(1, 32)
                .orThrow();
        Counts atomic = report.lines().values().stream()
                .filter(line -> line.instruction().startsWith("atom"))
                .findFirst()
                .orElseThrow()
                .counts();
        assertThat(atomic.wavefronts()).isEqualTo(passes);
        assertThat(atomic.extraWavefronts()).isEqualTo(extra);
    }

    @Test
    void countsByLineAndClass() {
        LaunchReport report = Kernel.of("""
                        mov.f32 %f1, 0f3F800000;
                        fma.rn.f32 %f2, %f1, %f1, %f1;
                        setp.lt.u32 %p1, %r1, 10;
                        @%p1 st.global.f32 [%rd2], %f2;
                        """, new int[128]).launch(2, 64).orThrow();
        assertThat(report.classes().get(InstructionClass.FLOAT)).isEqualTo(4);
        assertThat(report.classes().get(InstructionClass.GLOBAL_STORE)).isEqualTo(4);
        Counts store = report.lines().values().stream()
                .filter(line -> line.instruction().startsWith("st.global"))
                .findFirst()
                .orElseThrow()
                .counts();
        assertThat(store.instructions()).isEqualTo(4);
        assertThat(store.lanes()).isEqualTo(20);
        assertThat(store.globalStoreBytes()).isEqualTo(80);
        assertThat(report.hottestLines(3).lines()).hasSize(3);
    }

    @Test
    void hostThreadsChangeNoCount() {
        String body = "mad.lo.s32 %r10, %r3, 3, 1; st.global.u32 [%rd2], %r10;";
        LaunchReport one = Kernel.of(1, EmulatorOptions.DEFAULT.withThreads(1), body, new int[64 * 64])
                .launch(64, 64);
        LaunchReport two = Kernel.of(1, EmulatorOptions.DEFAULT.withThreads(2), body, new int[64 * 64])
                .launch(64, 64);
        assertThat(two.total()).isEqualTo(one.total());
        assertThat(two.lines()).isEqualTo(one.lines());
    }
}
