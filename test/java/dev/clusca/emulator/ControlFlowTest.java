package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.emulator.report.FaultKind;
import dev.clusca.emulator.report.LaunchReport;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lanes that part and meet again, loops of different length, early ends, barriers, and threads that wait for each other. */
class ControlFlowTest {
    @Test
    void nestedBranchesTakeEachLaneItsOwnWay() {
        int[] words = Kernel.of("""
                        mov.u32 %r10, 0;
                        and.b32 %r11, %r1, 1;
                        setp.eq.s32 %p1, %r11, 0;
                        @%p1 bra EVEN;
                        add.s32 %r10, %r10, 1;
                        and.b32 %r12, %r1, 2;
                        setp.eq.s32 %p2, %r12, 0;
                        @%p2 bra ODD_LOW;
                        add.s32 %r10, %r10, 10;
                        bra.uni JOIN;
                        ODD_LOW:
                        add.s32 %r10, %r10, 100;
                        bra.uni JOIN;
                        EVEN:
                        add.s32 %r10, %r10, 1000;
                        JOIN:
                        activemask.b32 %r13;
                        popc.b32 %r13, %r13;
                        mad.lo.s32 %r10, %r13, 100000, %r10;
                        st.global.u32 [%rd2], %r10;
                        """, new int[64]).run(2, 32);
        for (int k = 0; k < 64; k++) {
            int path = (k & 1) == 0 ? 1000 : (k & 2) == 0 ? 101 : 11;
            assertThat(words[k]).as("thread %d, and all lanes meet", k).isEqualTo(3_200_000 + path);
        }
    }

    @Test
    void loopsRunAsOftenAsEachLaneNeeds() {
        int[] words = Kernel.of("""
                        mov.u32 %r10, 0;
                        mov.u32 %r11, 0;
                        rem.u32 %r12, %r3, 7;
                        AGAIN:
                        setp.ge.u32 %p1, %r11, %r12;
                        @%p1 bra DONE;
                        mad.lo.s32 %r10, %r11, 3, %r10;
                        add.s32 %r11, %r11, 1;
                        bra.uni AGAIN;
                        DONE:
                        st.global.u32 [%rd2], %r10;
                        """, new int[96]).run(1, 96);
        for (int k = 0; k < 96; k++) {
            int n = k % 7;
            assertThat(words[k]).isEqualTo(3 * n * (n - 1) / 2);
        }
    }

    @Test
    void lanesThatEndEarlyLeaveTheOthersAlone() {
        int[] before = new int[50];
        Arrays.fill(before, -1);
        int[] words = Kernel.of("""
                        setp.ge.u32 %p1, %r3, 40;
                        @%p1 ret;
                        and.b32 %r10, %r1, 3;
                        setp.eq.s32 %p2, %r10, 3;
                        @%p2 exit;
                        st.global.u32 [%rd2], %r3;
                        """, before).run(1, 50);
        for (int k = 0; k < 50; k++) {
            assertThat(words[k]).isEqualTo(k < 40 && k % 4 != 3 ? k : -1);
        }
    }

    /** Lane after lane takes a lock that only the lane before it gives back: lowest-first scheduling alone would never end. */
    @Test
    void aLaneMayWaitForAnotherOfItsWarp() {
        LaunchReport[] report = new LaunchReport[1];
        Kernel kernel = Kernel.of("""
                mov.u32 %r10, 31;
                sub.s32 %r10, %r10, %r1;
                WAIT:
                ld.volatile.global.u32 %r11, [%rd1];
                setp.ne.s32 %p1, %r11, %r10;
                @%p1 bra WAIT;
                atom.global.add.u32 %r12, [%rd1], 1;
                """, new int[32]);
        report[0] = kernel.launch(1, 32);
        assertThat(report[0].faults()).isEmpty();
        assertThat(kernel.words()[0]).isEqualTo(32);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void blocksOfACooperativeLaunchMayWaitForEachOther(int threads) {
        for (int seed = 0; seed < 4; seed++) {
            Kernel kernel = Kernel.of(
                    seed,
                    EmulatorOptions.DEFAULT.withThreads(threads).withBudget(20_000_000),
                    """
                    setp.ne.s32 %p1, %r1, 0;
                    @%p1 bra ARRIVED;
                    membar.gl;
                    atom.global.add.u32 %r10, [%rd1], 1;
                    WAIT:
                    ld.acquire.gpu.global.u32 %r11, [%rd1];
                    setp.lt.u32 %p2, %r11, 40;
                    @%p2 bra WAIT;
                    ARRIVED:
                    bar.sync 0;
                    ld.acquire.gpu.global.u32 %r12, [%rd1];
                    st.global.u32 [%rd2+4], %r12;
                    """,
                    new int[40 * 64 + 1]);
            assertThat(kernel.launchCooperative(40, 64).faults())
                    .as("seed %d", seed)
                    .isEmpty();
            assertThat(Arrays.copyOfRange(kernel.words(), 1, 2561)).containsOnly(40);
        }
    }

    @Test
    void namedBarriersJoinOnlyTheirWarps() {
        // Warps 0 and 1 hand words to each other through barrier 1, warps 2 and 3 through barrier 2.
        String body = """
                mov.u32 %r10, tile;
                shl.b32 %r11, %r1, 2;
                add.s32 %r12, %r10, %r11;
                xor.b32 %r13, %r11, 128;
                add.s32 %r14, %r10, %r13;
                shr.u32 %r15, %r1, 6;
                add.s32 %r15, %r15, 1;
                st.shared.u32 [%r12], %r1;
                bar.sync %r15, 64;
                ld.shared.u32 %r16, [%r14];
                st.global.u32 [%rd2], %r16;
                """;
        int[] words = Kernel.of(body, new int[128]).run(1, 128);
        for (int k = 0; k < 128; k++) {
            assertThat(words[k]).isEqualTo(k ^ 32);
        }
        String wrongPartner = body.replace("xor.b32 %r13, %r11, 128", "xor.b32 %r13, %r11, 256");
        assertThat(Kernel.of(wrongPartner, new int[128]).launch(1, 128).faults())
                .isNotEmpty()
                .allMatch(fault ->
                        fault.kind() == FaultKind.SHARED_RACE || fault.kind() == FaultKind.UNINITIALISED_SHARED);
    }

    @Test
    void aProducerArrivesWithoutWaiting() {
        int[] words = Kernel.of("""
                        mov.u32 %r10, tile;
                        and.b32 %r11, %r1, 31;
                        shl.b32 %r11, %r11, 2;
                        add.s32 %r12, %r10, %r11;
                        setp.ge.u32 %p1, %r1, 32;
                        @%p1 bra CONSUMER;
                        st.shared.u32 [%r12], %r1;
                        bar.arrive 3, 64;
                        ret;
                        CONSUMER:
                        bar.sync 3, 64;
                        ld.shared.u32 %r13, [%r12];
                        st.global.u32 [%rd2], %r13;
                        """, new int[64]).run(1, 64);
        for (int k = 32; k < 64; k++) {
            assertThat(words[k]).isEqualTo(k - 32);
        }
    }

    @Test
    void barriersReducePredicates() {
        int[] words = Kernel.of("""
                        rem.u32 %r10, %r1, 3;
                        setp.eq.s32 %p1, %r10, 0;
                        bar.red.popc.u32 %r11, 0, %p1;
                        bar.red.and.pred %p2, 0, %p1;
                        bar.red.or.pred %p3, 0, !%p1;
                        selp.u32 %r12, 1000, 0, %p2;
                        selp.u32 %r13, 2000, 0, %p3;
                        add.s32 %r11, %r11, %r12;
                        add.s32 %r11, %r11, %r13;
                        st.global.u32 [%rd2], %r11;
                        """, new int[96]).run(1, 96);
        assertThat(words).containsOnly(32 + 2000);
    }

    @Test
    void aHangNamesWhereItStands() {
        LaunchReport report = Kernel.of("AGAIN: bra AGAIN;", new int[32]).launch(1, 32);
        assertThat(report.faults()).singleElement().satisfies(fault -> {
            assertThat(fault.kind()).isEqualTo(FaultKind.HANG);
            assertThat(fault.instruction()).isEqualTo("bra AGAIN");
        });
    }
}
