package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private static final long MIB = 1 << 20;

    @Test
    void refusesWhatIsNotFree() {
        MemoryBudget budget = new MemoryBudget(() -> 228 * MIB);

        budget.take(100 * MIB, "weights");

        assertThatThrownBy(() -> budget.take(101 * MIB, "ladders"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 101 MiB are needed for ladders, and this process can take 228 MiB, of which 128 stay for the JVM; ");
        budget.take(100 * MIB, "weights");
    }

    /** The weights of DiT-XL/2 are pieces of 3 to 16 MiB: none of them is much, all together kill a process. */
    @Test
    void holdsSmallPiecesTogether() {
        AtomicInteger asked = new AtomicInteger();
        MemoryBudget budget = new MemoryBudget(() -> {
            asked.incrementAndGet();
            return 158 * MIB;
        });
        budget.take(10 * MIB, "a");
        budget.take(10 * MIB, "b");
        assertThat(asked).hasValue(0);

        assertThatThrownBy(() -> budget.take(12 * MIB, "c"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 32 MiB are needed for c and what was allocated just before, and this process can take 158 MiB, of which 128 stay for the JVM; ");
    }
}
