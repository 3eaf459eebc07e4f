package dev.clusca.emulator.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The order in which work runs: any that is allowed, and the same for the same seed. */
class WorkQueueTest {
    /** Enqueues four pieces, of which the third waits for the first two, and gives the order in which they ran. */
    private static List<Integer> order(long seed) {
        WorkQueue queue = new WorkQueue(seed);
        List<Integer> ran = new ArrayList<>();
        Work first = queue.submit(() -> ran.add(1), List.of());
        Work second = queue.submit(() -> ran.add(2), List.of());
        queue.submit(() -> ran.add(3), List.of(first, second));
        queue.submit(() -> ran.add(4), List.of());
        assertThat(ran).isEmpty();
        queue.finishAll();
        return ran;
    }

    @Test
    void everyAllowedOrderHappensAndNoOther() {
        Set<List<Integer>> orders = new HashSet<>();
        for (long seed = 0; seed < 300; seed++) {
            orders.add(order(seed));
        }
        // Of the 24 orders, a third has 3 behind both 1 and 2.
        assertThat(orders)
                .hasSize(8)
                .allSatisfy(order -> assertThat(order.indexOf(3))
                        .isGreaterThan(order.indexOf(1))
                        .isGreaterThan(order.indexOf(2)));
    }

    @Test
    void aSeedGivesOneOrder() {
        assertThat(order(7)).isEqualTo(order(7));
    }

    @Test
    void finishingOnePieceLeavesOthersSomeOfTheTime() {
        int left = 0;
        for (long seed = 0; seed < 100; seed++) {
            WorkQueue queue = new WorkQueue(seed);
            Work other = queue.submit(() -> {}, List.of());
            Work awaited = queue.submit(() -> {}, List.of());
            queue.finish(awaited);
            assertThat(awaited.isDone()).isTrue();
            left += other.isDone() ? 0 : 1;
        }
        assertThat(left).isBetween(20, 80);
    }

    @Test
    void workThatIsDoneHoldsNothingUp() {
        WorkQueue queue = new WorkQueue(0);
        Work done = queue.submit(() -> {}, List.of());
        queue.finish(done);
        Work next = queue.submit(() -> {}, List.of(done));
        queue.finish(next);
        assertThat(next.finishedAt()).isEqualTo(done.finishedAt() + 1);
    }
}
