package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** cp.async: groups land when they are waited for and not before, and what the source lacks becomes zeros. */
class AsyncCopyTest {
    private static final String ADDRESSES = """
            mov.u32 %r10, tile;
            shl.b32 %r11, %r1, 4;
            add.s32 %r12, %r10, %r11;
            mul.wide.u32 %rd10, %r1, 16;
            add.s64 %rd11, %rd1, %rd10;
            """;

    private static int[] counting(int words) {
        int[] values = new int[words];
        Arrays.setAll(values, k -> k + 1);
        return values;
    }

    @Test
    void fillsWithZerosWhatTheSourceLacks() {
        // Lane l copies l mod 5 * 4 of 16 bytes; its source address is never used where that is 0.
        int[] words = Kernel.of(ADDRESSES + """
                        rem.u32 %r13, %r1, 5;
                        shl.b32 %r14, %r13, 2;
                        setp.eq.s32 %p1, %r13, 0;
                        selp.b64 %rd11, 0, %rd11, %p1;
                        cp.async.cg.shared.global.L2::128B [%r12], [%rd11], 16, %r14;
                        cp.async.commit_group;
                        cp.async.wait_group 0;
                        ld.shared.v4.u32 {%r20, %r21, %r22, %r23}, [%r12];
                        add.s64 %rd12, %rd1, %rd10;
                        st.global.v4.u32 [%rd12+512], {%r20, %r21, %r22, %r23};
                        """, counting(256)).run(1, 32);
        for (int lane = 0; lane < 32; lane++) {
            for (int k = 0; k < 4; k++) {
                assertThat(words[128 + 4 * lane + k]).isEqualTo(k < lane % 5 ? 4 * lane + k + 1 : 0);
            }
        }
    }

    @Test
    void waitsForTheOldestGroupsOnly() {
        String body = """
                cp.async.cg.shared.global [%%r12], [%%rd11], 16;
                cp.async.commit_group;
                cp.async.cg.shared.global [%%r12+512], [%%rd11], 16;
                cp.async.commit_group;
                cp.async.wait_group %d;
                ld.shared.u32 %%r20, [%%r12+%d];
                st.global.u32 [%%rd2], %%r20;
                cp.async.wait_all;
                """;
        assertThat(fault(ADDRESSES + body.formatted(1, 0))).isNull();
        assertThat(fault(ADDRESSES + body.formatted(1, 512))).isEqualTo(FaultKind.ASYNC_IN_FLIGHT);
        assertThat(fault(ADDRESSES + body.formatted(0, 512))).isNull();
        assertThat(fault(ADDRESSES + body.formatted(2, 0))).isEqualTo(FaultKind.ASYNC_IN_FLIGHT);
    }

    @Test
    void whatIsNotCommittedIsWaitedForByWaitAll() {
        String body = """
                cp.async.cg.shared.global [%%r12], [%%rd11], 16;
                cp.async.wait_%s;
                ld.shared.u32 %%r20, [%%r12];
                st.global.u32 [%%rd2], %%r20;
                """;
        assertThat(fault(ADDRESSES + body.formatted("all"))).isNull();
        assertThat(fault(ADDRESSES + body.formatted("group 0"))).isEqualTo(FaultKind.ASYNC_IN_FLIGHT);
    }

    /** Which nobody promises to be harmless, even where no byte is copied. */
    @Test
    void aThreadThatEndsBeforeItsCopiesIsReported() {
        String body = """
                cp.async.cg.shared.global [%%r12], [%%rd11], 16, %d;
                cp.async.commit_group;
                %s
                """;
        assertThat(fault(ADDRESSES + body.formatted(16, "cp.async.wait_group 1;")))
                .isEqualTo(FaultKind.ASYNC_UNFINISHED);
        assertThat(fault(ADDRESSES + body.formatted(0, ""))).isEqualTo(FaultKind.ASYNC_UNFINISHED);
        assertThat(fault(ADDRESSES + body.formatted(16, "cp.async.wait_group 0;")))
                .isNull();
    }

    @Test
    void aStoreIntoACopyInFlightIsRefused() {
        assertThat(fault(ADDRESSES + """
                        cp.async.cg.shared.global [%r12], [%rd11], 16;
                        st.shared.u32 [%r12+8], %r1;
                        cp.async.wait_all;
                        """)).isEqualTo(FaultKind.ASYNC_IN_FLIGHT);
    }

    @Test
    void aSlotThatOthersStillReadMustNotBeRefilled() {
        String body = """
                xor.b32 %%r13, %%r11, 512;
                add.s32 %%r14, %%r10, %%r13;
                cp.async.cg.shared.global [%%r12], [%%rd11], 16;
                cp.async.wait_all;
                bar.sync 0;
                ld.shared.u32 %%r20, [%%r14];
                %s
                cp.async.cg.shared.global [%%r12], [%%rd11], 16;
                cp.async.wait_all;
                bar.sync 0;
                st.global.u32 [%%rd2], %%r20;
                """;
        assertThat(Kernel.of(ADDRESSES + body.formatted("bar.sync 0;"), counting(256))
                        .launch(1, 64)
                        .faults())
                .isEmpty();
        assertThat(Kernel.of(ADDRESSES + body.formatted(""), counting(256))
                        .launch(1, 64)
                        .faults())
                .isNotEmpty()
                .allMatch(f -> f.kind() == FaultKind.SHARED_RACE || f.kind() == FaultKind.ASYNC_IN_FLIGHT);
    }

    private static @Nullable FaultKind fault(String body) {
        return Kernel.of(body, counting(128)).launch(1, 32).faults().stream()
                .map(f -> f.kind())
                .findFirst()
                .orElse(null);
    }
}
