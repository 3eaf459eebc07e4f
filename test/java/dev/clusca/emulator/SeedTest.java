package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The seed decides the order of blocks and warps: the same order for the same seed, other orders for others. */
class SeedTest {
    /** Each warp takes a ticket and writes it to its own word, so that the words show the order. */
    private static final String TICKETS = """
            and.b32 %r10, %r1, 31;
            setp.ne.s32 %p1, %r10, 0;
            @%p1 bra DONE;
            atom.global.add.u32 %r11, [%rd1], 1;
            shr.u32 %r12, %r3, 5;
            mul.wide.u32 %rd10, %r12, 4;
            add.s64 %rd11, %rd1, %rd10;
            st.global.u32 [%rd11+4], %r11;
            DONE:
            """;

    private static List<Integer> order(long seed) {
        int[] words = Kernel.of(seed, EmulatorOptions.DEFAULT.withThreads(1), TICKETS, new int[33])
                .run(8, 128);
        List<Integer> tickets = new ArrayList<>();
        for (int k = 1; k <= 32; k++) {
            tickets.add(words[k]);
        }
        return tickets;
    }

    @Test
    void theSameSeedGivesTheSameOrder() {
        assertThat(order(5)).isEqualTo(order(5));
    }

    @Test
    void seedsGiveDifferentOrdersOfBlocksAndWarps() {
        Set<List<Integer>> orders = new HashSet<>();
        Set<Integer> firstBlocks = new HashSet<>();
        Set<Integer> firstWarps = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            List<Integer> order = order(seed);
            assertThat(order).doesNotHaveDuplicates();
            orders.add(order);
            firstBlocks.add(order.indexOf(0) / 4);
            firstWarps.add(order.indexOf(0) % 4);
        }
        assertThat(orders).hasSizeGreaterThan(15);
        assertThat(firstBlocks).hasSizeGreaterThan(3);
        assertThat(firstWarps).hasSizeGreaterThan(2);
    }
}
