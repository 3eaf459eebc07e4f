package dev.clusca.emulator.machine;

import java.util.Arrays;

/** Counts the 32-byte sectors that a warp's request to global memory touches. */
final class Sectors {
    static final int SHIFT = 5;

    private final int[] sorted = new int[Warp.LANES];

    /** Lanes at {@code offsets} from an address that is a multiple of 32; a lane's bytes are aligned and lie in one sector. */
    int count(int[] offsets, int mask) {
        int n = 0;
        boolean ascending = true;
        for (int m = mask; m != 0; m &= m - 1) {
            int sector = offsets[Integer.numberOfTrailingZeros(m)] >>> SHIFT;
            ascending &= n == 0 || sector >= sorted[n - 1];
            sorted[n++] = sector;
        }
        if (!ascending) {
            Arrays.sort(sorted, 0, n);
        }
        int count = 1;
        for (int k = 1; k < n; k++) {
            count += sorted[k] != sorted[k - 1] ? 1 : 0;
        }
        return count;
    }
}
