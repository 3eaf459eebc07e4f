package dev.clusca.measure;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A GPU as far as a bound on a kernel's time needs it, from its maker's data sheet.
 *
 * @param name as on a command line
 * @param architecture that ptxas compiles for
 * @param multiprocessors how many
 * @param gigahertz boost clock
 * @param gigabytesPerSecond of its memory
 * @param lanes float32 lanes of a multiprocessor
 * @param tensorFlops BF16 with float32 sums, dense, a multiprocessor and cycle
 * @param registers of a multiprocessor
 * @param sharedBytes shared memory of a multiprocessor
 * @param threads of a multiprocessor at most
 * @param blocks of a multiprocessor at most
 */
public record GpuModel(
        String name,
        String architecture,
        int multiprocessors,
        double gigahertz,
        double gigabytesPerSecond,
        int lanes,
        int tensorFlops,
        int registers,
        int sharedBytes,
        int threads,
        int blocks) {
    private static final int KIB = 1024;
    private static final int PARTS = 4;

    private static final List<GpuModel> ALL = List.of(
            new GpuModel("a100", "sm_80", 108, 1.410, 2039, 64, 2048, 65536, 164 * KIB, 2048, 32),
            new GpuModel("rtx3090", "sm_86", 82, 1.695, 936, 128, 512, 65536, 100 * KIB, 1536, 16),
            new GpuModel("l4", "sm_89", 58, 2.040, 300, 128, 1024, 65536, 100 * KIB, 1536, 24),
            new GpuModel("rtx4090", "sm_89", 128, 2.520, 1008, 128, 512, 65536, 100 * KIB, 1536, 24),
            new GpuModel("h100", "sm_90", 132, 1.830, 3352, 128, 4096, 65536, 228 * KIB, 2048, 32),
            new GpuModel("h200", "sm_90", 132, 1.830, 4800, 128, 4096, 65536, 228 * KIB, 2048, 32));

    /** The one of that name. */
    public static GpuModel parse(String text) {
        return ALL.stream()
                .filter(gpu -> gpu.name.equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' is no GPU that is known here; expected "
                        + ALL.stream().map(GpuModel::name).collect(Collectors.joining(", "))));
    }

    /** Blocks of a kernel that a multiprocessor holds at once. */
    int residentBlocks(int blockThreads, int blockRegisters, int blockShared) {
        int warps = Math.ceilDiv(blockThreads, 32);
        int[] bounds = {
            threads / (32 * warps),
            // Registers are given out to warps, 256 at a time; shared memory with a kibibyte for the system.
            blockRegisters == 0
                    ? Integer.MAX_VALUE
                    : residentWarps(Math.ceilDiv(blockRegisters * 32, 256) * 256) / warps,
            sharedBytes / (blockShared + KIB),
            blocks
        };
        return Math.max(1, Arrays.stream(bounds).min().getAsInt());
    }

    /** Warps whose registers there are; each of the four parts of a multiprocessor has a fourth of them. */
    private int residentWarps(int warpRegisters) {
        return registers / PARTS / warpRegisters * PARTS;
    }
}
