package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private static final long MIB = 1 << 20;

    /** MiB that are free, and that the process has written. */
    private long free = 228;

    private long written = 50;

    private final AtomicInteger asked = new AtomicInteger();
    private final MemoryBudget budget = new MemoryBudget(
            () -> {
                asked.incrementAndGet();
                return free * MIB;
            },
            () -> OptionalLong.of(written * MIB));

    private void write(long mebibytes) {
        free -= mebibytes;
        written += mebibytes;
    }

    @Test
    void refusesWhatIsNotFree() {
        assertThatThrownBy(() -> budget.take(101 * MIB, "ladders"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 101 MiB are needed for ladders, and this process can take 228 MiB, of which 128 stay for the JVM; ");
        budget.take(100 * MIB, "weights");
    }

    /** Two ladders are allocated in a row, and written much later: the second is granted what the first will take. */
    @Test
    void keepsWhatWasGrantedAndIsNotWrittenYet() {
        budget.take(60 * MIB, "ladders");

        assertThatThrownBy(() -> budget.take(60 * MIB, "more ladders"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 60 MiB are needed for more ladders, and this process can take 228 MiB, of which 128 stay for the JVM and 60 for what was allocated before and is not written yet; ");
        budget.release(60 * MIB);
        budget.take(60 * MIB, "more ladders");
    }

    @Test
    void countsWhatIsWrittenOnce() {
        budget.take(60 * MIB, "weights");
        write(60);

        assertThatThrownBy(() -> budget.take(41 * MIB, "ladders")).hasMessageContaining("128 stay for the JVM; ");
        budget.take(40 * MIB, "ladders");
        write(30);
        assertThatThrownBy(() -> budget.take(33 * MIB, "more"))
                .hasMessageContaining("128 stay for the JVM and 10 for what was allocated before");
    }

    /** A run frees what it wrote, and the next one takes it again. */
    @Test
    void forgetsWhatWasWrittenAndFreed() {
        for (int run = 0; run < 3; run++) {
            budget.take(100 * MIB, "ladders");
            write(80);
            assertThatThrownBy(() -> budget.take(40 * MIB, "more")).isInstanceOf(BackendException.class);
            write(-80);
            budget.release(100 * MIB);
        }
    }

    @Test
    void doesNotTakeTheHeapForGrantedMemory() {
        write(40);
        free += 40;

        budget.take(60 * MIB, "ladders");

        assertThatThrownBy(() -> budget.take(60 * MIB, "more ladders")).isInstanceOf(BackendException.class);
    }

    /** The weights of DiT-XL/2 are pieces of 3 to 16 MiB: none of them is much, all together kill a process. */
    @Test
    void holdsSmallPiecesTogether() {
        free = 158;
        budget.take(10 * MIB, "a");
        budget.take(10 * MIB, "b");
        assertThat(asked).hasValue(0);

        assertThatThrownBy(() -> budget.take(12 * MIB, "c"))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 12 MiB are needed for c, and this process can take 158 MiB, of which 128 stay for the JVM and 20 for what was allocated before and is not written yet; ");
    }

    @Test
    void looksAtEachPieceAloneWhereNothingTellsWhatIsWritten() {
        MemoryBudget blind = new MemoryBudget(() -> 228 * MIB, OptionalLong::empty);
        blind.take(100 * MIB, "ladders");

        assertThatCode(() -> blind.take(100 * MIB, "more ladders")).doesNotThrowAnyException();
        assertThatThrownBy(() -> blind.take(101 * MIB, "most")).isInstanceOf(BackendException.class);
    }
}
