package dev.clusca.kernels;

import dev.clusca.emulator.report.LaunchReport;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One launch of an entry, by which its costs are known: few tokens, at DiT-XL's width, of the grid that the kernel's source calls best, with tensors that begin at 16 bytes.
 *
 * @param leastBytes what the entry's contract has to move: every tensor that it reads and writes, once
 * @param askedBytes what it asks of global memory, in whole sectors: the same, and where {@code traffic} says so what L1 and L2 serve again
 * @param traffic why it asks for more than 1.05 times the least, where it does
 * @param conflicts why shared memory has bank conflicts, where it has
 */
record Cost(
        String entry,
        Function<Gpu, LaunchReport> launch,
        long leastBytes,
        long askedBytes,
        Optional<String> traffic,
        Optional<String> conflicts) {
    static final int ROWS = 2;
    static final int TOKENS = 64;
    static final int WIDTH = 1152;
    static final int CLUSTERS = 16;
    static final int LAYERS = 28;

    /** Elements of a batch's tokens, and of its representatives. */
    static final long ELEMENTS = (long) ROWS * TOKENS * WIDTH;

    static final long FEW_ELEMENTS = (long) ROWS * CLUSTERS * WIDTH;

    /** Channels that a warp has, 4 a lane, and the bytes that it asks for to read one number that all its lanes share. */
    static final int WARP_CHANNELS = 128;

    static final int SECTOR = 32;

    static Cost of(String entry, long leastBytes, Function<Gpu, LaunchReport> launch) {
        return new Cost(entry, launch, leastBytes, leastBytes, Optional.empty(), Optional.empty());
    }

    /** The same for an entry that asks for more. */
    Cost asking(long bytes, String why) {
        return new Cost(entry, launch, leastBytes, bytes, Optional.of(why), conflicts);
    }

    /** The same for an entry whose lanes meet in a bank. */
    Cost conflicting(String why) {
        return new Cost(entry, launch, leastBytes, askedBytes, traffic, Optional.of(why));
    }

    /** The sectors of a launch in multiples of the least. */
    double times(LaunchReport report) {
        return (double) report.total().sectors() * SECTOR / leastBytes;
    }

    /** All reasons, for the table. */
    String reasons() {
        return Stream.of(traffic.map(why -> "traffic: " + why), conflicts.map(why -> "conflicts: " + why))
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; "));
    }
}
