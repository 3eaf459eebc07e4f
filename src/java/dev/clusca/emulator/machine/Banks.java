package dev.clusca.emulator.machine;

/**
 * Counts the passes that a shared-memory request takes over the 32 banks of 4 bytes: lanes of 8 bytes go in two halves, of 16 bytes in four quarters; in each
 * of these a bank gives one word a pass, to any number of lanes. An atomic takes a pass for each lane, as lanes at one word wait for each other.
 */
final class Banks {
    private static final int BANKS = 32;

    private final int[] words = new int[BANKS * Warp.LANES];
    private final int[] depth = new int[BANKS];
    private int passes;
    private int groups;

    /** Counts one load or store; the results are {@link #passes} and {@link #extra}. */
    void count(int[] offsets, int bytes, int mask) {
        count(offsets, bytes, mask, false);
    }

    /** Counts one atomic likewise. */
    void countAtomic(int[] offsets, int bytes, int mask) {
        count(offsets, bytes, mask, true);
    }

    private void count(int[] offsets, int bytes, int mask, boolean atomic) {
        passes = 0;
        groups = 0;
        int wordsPerLane = Math.max(1, bytes >> 2);
        int lanesPerGroup = Warp.LANES / wordsPerLane;
        int groupMask = lanesPerGroup == Warp.LANES ? -1 : (1 << lanesPerGroup) - 1;
        for (int first = 0; first < Warp.LANES; first += lanesPerGroup) {
            int lanes = mask & groupMask << first;
            if (lanes != 0) {
                groups++;
                passes += atomic ? conflicts(offsets, wordsPerLane, lanes, true) : group(offsets, wordsPerLane, lanes);
            }
        }
    }

    int passes() {
        return passes;
    }

    /** Passes beyond those that the request's width needs. */
    int extra() {
        return passes - groups;
    }

    private int group(int[] offsets, int wordsPerLane, int lanes) {
        int seen = 0;
        boolean simple = true;
        int last = -1;
        for (int m = lanes; m != 0 && simple; m &= m - 1) {
            int word = offsets[Integer.numberOfTrailingZeros(m)] >> 2;
            if (word != last) {
                int bits = ((1 << wordsPerLane) - 1) << (word & BANKS - 1);
                simple = (seen & bits) == 0;
                seen |= bits;
                last = word;
            }
        }
        return simple ? 1 : conflicts(offsets, wordsPerLane, lanes, false);
    }

    /** @param eachLane whether a word that two lanes want is given twice */
    private int conflicts(int[] offsets, int wordsPerLane, int lanes, boolean eachLane) {
        java.util.Arrays.fill(depth, 0);
        int deepest = 1;
        for (int m = lanes; m != 0; m &= m - 1) {
            int first = offsets[Integer.numberOfTrailingZeros(m)] >> 2;
            for (int word = first; word < first + wordsPerLane; word++) {
                int bank = word & BANKS - 1;
                if (eachLane || isNew(word, bank)) {
                    words[bank * Warp.LANES + depth[bank]++] = word;
                    deepest = Math.max(deepest, depth[bank]);
                }
            }
        }
        return deepest;
    }

    private boolean isNew(int word, int bank) {
        for (int k = 0; k < depth[bank]; k++) {
            if (words[bank * Warp.LANES + k] == word) {
                return false;
            }
        }
        return true;
    }
}
