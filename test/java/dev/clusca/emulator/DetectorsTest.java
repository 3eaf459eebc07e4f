package dev.clusca.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.Fault;
import dev.clusca.emulator.report.FaultException;
import dev.clusca.emulator.report.FaultKind;
import dev.clusca.emulator.report.LaunchReport;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each detector names its planted fault by kind and line, whatever the seed, and is silent on the clean twin. Blocks of 64 threads; {@code in} holds 64 words, {@code out} nothing. */
class DetectorsTest {
    private static final int THREADS = 64;
    private static final String TABLE = """
            out_of_bounds, OUT_OF_BOUNDS, 4 bytes past|0 bytes past the end of out
            misaligned, MISALIGNED, is no multiple of 4
            read_only, READ_ONLY, kernel parameters at byte 0
            uninitialised_global, UNINITIALISED_GLOBAL, of out (256 bytes)
            uninitialised_shared, UNINITIALISED_SHARED, at shared byte
            uninitialised_local, UNINITIALISED_LOCAL, 4 bytes at byte 4
            uninitialised_register, UNINITIALISED_REGISTER, %r3
            race_read_after_write, SHARED_RACE, with no barrier between
            race_write_after_read, SHARED_RACE, with no barrier between
            race_read_after_atomic, SHARED_RACE, with no barrier between
            race_write_after_atomic, SHARED_RACE, with no barrier between
            race_within_warp, SHARED_RACE, with no barrier between
            race_within_warp_part, SHARED_RACE, with no barrier between
            race_within_warp_broadcast, SHARED_RACE, with no barrier between
            block_conflict, BLOCK_CONFLICT, also written by block number
            block_conflict_read, BLOCK_CONFLICT, read with no order after the write of block number
            block_conflict_read_part, BLOCK_CONFLICT, read with no order after the write of block number|also read by block number
            block_conflict_acquire, BLOCK_CONFLICT, read with no order after the write of block number
            block_conflict_atomic, BLOCK_CONFLICT, also written by block number
            block_conflict_write, BLOCK_CONFLICT, also read by block number
            block_conflict_warp, BLOCK_CONFLICT, read with no order after the write of block number|also read by block number
            global_race_read, GLOBAL_RACE, of the same block
            global_race_write, GLOBAL_RACE, of the same block
            global_race_ticket, GLOBAL_RACE, of the same block
            global_race_await, GLOBAL_RACE, also read by warp 1 of the same block
            stale_read, STALE_READ, were written in this launch
            async_in_flight, ASYNC_IN_FLIGHT, at shared byte
            async_unfinished, ASYNC_UNFINISHED, wait for all of them
            async_unseen, SHARED_RACE, with no barrier between
            divergent_barrier, DIVERGENT_BARRIER, lanes 0-15 are here
            missing_barrier, MISSING_BARRIER, barrier 0 has 1 of 2 warps
            divergent_warp, DIVERGENT_WARP, cannot come
            inactive_lane, INACTIVE_LANE, lane 3
            trap, TRAP, gave up
            hang, HANG, 20000 instructions
            invalid, INVALID, barrier 17
            """;

    @ParameterizedTest
    @CsvSource(textBlock = TABLE)
    void namesThePlantedFault(String name, FaultKind kind, String detail) {
        Planted planted = Planted.read(name);
        assertThat(planted.faultLines()).isNotEmpty();
        for (int seed = 0; seed < 5; seed++) {
            LaunchReport report = launch(planted, "planted", seed);
            assertThat(report.isClean()).as("seed %d", seed).isFalse();
            for (Fault fault : report.faults()) {
                assertThat(fault.kind()).as("%s, seed %d", fault, seed).isEqualTo(kind);
                assertThat(fault.line()).as("%s, seed %d", fault, seed).isIn(planted.faultLines());
                assertThat(Arrays.stream(detail.split("\\|")).anyMatch(fault.detail()::contains))
                        .as("%s says %s", fault, detail)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = TABLE)
    void isSilentOnTheCleanTwin(String name, FaultKind kind, String detail) {
        Planted planted = Planted.read(name);
        for (int seed = 0; seed < 5; seed++) {
            assertThat(launch(planted, "clean", seed).faults())
                    .as("seed %d", seed)
                    .isEmpty();
        }
    }

    /** A lock, a word that every block sets, a flag that is read again without order, ones between two warps of a block, one that a thread of each block sets and reads for all, a barrier that only one of
     * two warps waits at. */
    @ParameterizedTest
    @ValueSource(strings = {"lock", "found", "flag", "warps", "relay", "handed", "volatiles", "scoped", "handedOn"})
    void isSilentOnOrderedAccesses(String kernel) {
        for (int seed = 0; seed < 5; seed++) {
            assertThat(launch(Planted.read("ordered"), kernel, seed).faults())
                    .as("seed %d", seed)
                    .isEmpty();
        }
    }

    @Test
    void namesMemoryThatWasFreed() {
        Planted kernels = Planted.read("uninitialised_global");
        Emulator emulator = emulator(1);
        long out = emulator.allocate(4L * THREADS, "out");
        long in = emulator.allocate(4L * THREADS, "in");
        emulator.free(in);
        LaunchReport report = emulator.launch(
                kernels.module(),
                "clean",
                Dim3.of(1),
                Dim3.of(THREADS),
                0,
                new Parameters().pointer(out).pointer(in));
        Fault fault = report.faults().getFirst();
        assertThat(fault.kind()).isEqualTo(FaultKind.USE_AFTER_FREE);
        assertThat(fault.detail()).contains("of in (256 bytes, freed)");
    }

    @Test
    void everyKindHasItsPlantedFault() {
        Set<FaultKind> tested = TABLE.lines()
                .map(line -> FaultKind.valueOf(line.split(",")[1].strip()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(FaultKind.class)));
        // Memory that was freed needs a host that frees it; its test is above.
        tested.add(FaultKind.USE_AFTER_FREE);
        assertThat(tested).containsExactlyInAnyOrder(FaultKind.values());
    }

    @Test
    void throwsWhereTheCallerAsksForIt() {
        LaunchReport report = launch(Planted.read("trap"), "planted", 0);
        assertThatThrownBy(report::orThrow)
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("planted, PTX line")
                .hasMessageContaining("trap");
    }

    private static LaunchReport launch(Planted planted, String kernel, int seed) {
        Emulator emulator = emulator(seed);
        long out = emulator.allocate(4L * THREADS, "out");
        long in = emulator.allocate(4L * THREADS, "in");
        int[] words = new int[THREADS];
        Arrays.setAll(words, k -> k);
        emulator.write(in, MemorySegment.ofArray(words));
        // One block where blocks would write the same words.
        int blocks =
                planted.name().startsWith("block_conflict") || planted.name().equals("ordered") ? 2 : 1;
        return emulator.launch(
                planted.module(),
                kernel,
                Dim3.of(blocks),
                Dim3.of(THREADS),
                0,
                new Parameters().pointer(out).pointer(in));
    }

    private static Emulator emulator(int seed) {
        return Emulator.create(seed, EmulatorOptions.DEFAULT.withBudget(20_000));
    }
}
