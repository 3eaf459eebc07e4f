package dev.clusca.emulator.memory;

import java.util.Arrays;

/**
 * Tells which warp of a launch was at a word, and whether another one that comes there later has synchronised with that, as the PTX memory model has it. A warp reads and writes under a stamp,
 * and takes a new one behind each barrier and fence; so an access is ordered before another if its stamp is.
 *
 * <p>A warp knows of each warp of its block up to which stamp its accesses are ordered before ({@link Warp#before}). A barrier joins what its warps know. A fence keeps what is ordered before it; the
 * next access with a memory order that the warp writes with tells of that; what such a read of another warp meets later, that warp's next fence takes in. Within a block that is told in bounds like those,
 * between blocks by a clock: stamps are closed at a time, and a warp has seen what was closed until a time. What was fenced and met holds for all that pass a barrier together.
 *
 * <p>Any telling pairs with any later meeting, whatever the addresses, and lanes of one warp are taken to be ordered: the rule misses some errors and invents none.
 */
public final class LaunchStamps {
    private final int base;
    private int next;
    private volatile Table table = new Table(new int[64], new int[64], new int[64]);
    private volatile int clock;

    /**
     * What is known of each stamp, from {@link #base} on.
     *
     * @param block whose it is
     * @param warp whose it is, counted from 1
     * @param closedAt when other blocks were told of it, 0 for not yet
     */
    private record Table(int[] block, int[] warp, int[] closedAt) {
        Table grown() {
            int size = 2 * block.length;
            return new Table(Arrays.copyOf(block, size), Arrays.copyOf(warp, size), Arrays.copyOf(closedAt, size));
        }
    }

    /** The stamps of one launch, all of them at least {@code base}. */
    LaunchStamps(int base) {
        this.base = base;
        this.next = base;
    }

    /** What is ordered before something: up to which stamp of each warp of the block, and until when what other blocks told of. It only grows. */
    private static final class Past {
        private final int[] stamps;
        private int time;

        Past(int warps) {
            stamps = new int[warps];
        }

        void clear() {
            Arrays.fill(stamps, 0);
            time = 0;
        }

        void include(Past other) {
            for (int w = 0; w < stamps.length; w++) {
                stamps[w] = Math.max(stamps[w], other.stamps[w]);
            }
            include(other.time);
        }

        void include(int otherTime) {
            time = Math.max(time, otherTime);
        }
    }

    /** The warps of one block of the grid after the other. */
    public final class Block {
        private final Warp[] warps;
        /** What warps told the others of. */
        private final Past told;

        private int number;

        private Block(int warps) {
            this.warps = new Warp[warps];
            told = new Past(warps);
            Arrays.setAll(this.warps, w -> new Warp(this, w, warps));
        }

        public Warp warp(int index) {
            return warps[index];
        }

        /** Becomes block {@code newNumber} of the grid, which has done nothing. */
        public void begin(int newNumber) {
            number = newNumber;
            told.clear();
            for (Warp warp : warps) {
                warp.begin();
            }
        }

        /** The warps in a set (bit w: warp w) have passed a barrier together: what one knows, all know. */
        public void barrier(int set) {
            Warp first = warps[Integer.numberOfTrailingZeros(set)];
            for (int m = set; m != 0; m &= m - 1) {
                Warp warp = warps[Integer.numberOfTrailingZeros(m)];
                warp.retire();
                first.learn(warp);
            }
            for (int m = set; m != 0; m &= m - 1) {
                warps[Integer.numberOfTrailingZeros(m)].learn(first);
            }
        }
    }

    /** What one warp knows: its own stamp, and how far it has synchronised with others. */
    public final class Warp {
        private final Block block;
        private final int index;
        /** 0 where it has not been used since the last barrier or fence. */
        private int stamp;
        /** What is ordered before this warp's next access, its own included. */
        private final Past before;
        /** What this warp was told of within the block; a fence to come takes it in. */
        private final Past met;
        /** Until when it met what other blocks told of; a fence to come that reaches them takes it in. */
        private int metAt;
        /** What was before this warp's last fence. */
        private final Past fencedHere;
        /** What was before its last fence that reaches other blocks. */
        private final Past fenced;
        /** Whether other blocks have not been told of some of {@link #fenced}. */
        private boolean pending;
        /** This warp's stamps that other blocks have not been told of: ascending, from {@link #from} to {@link #to}. */
        private int[] open = new int[4];

        private int from;
        private int to;
        /** A stamp that was found in order, as it will stay: the next word is likely to have the same. */
        private int ordered;

        private Warp(Block block, int index, int warps) {
            this.block = block;
            this.index = index;
            before = new Past(warps);
            met = new Past(warps);
            fencedHere = new Past(warps);
            fenced = new Past(warps);
        }

        private void begin() {
            stamp = 0;
            before.clear();
            met.clear();
            metAt = 0;
            fencedHere.clear();
            fenced.clear();
            pending = false;
            from = 0;
            to = 0;
            ordered = 0;
        }

        /** A fence, or the half of one that release semantics are: the next {@link #tell} tells of everything that is ordered before. */
        public void release(boolean otherBlocks) {
            retire();
            fencedHere.include(before);
            if (otherBlocks) {
                fenced.include(before);
                pending = true;
            }
        }

        /** This warp is about to write what others may wait for. */
        public void tell(boolean otherBlocks) {
            block.told.include(fencedHere);
            if (otherBlocks && pending) {
                close(block.warps, fenced.stamps);
                pending = false;
            }
        }

        /** This warp has read what others may have told with. */
        public void meet(boolean otherBlocks) {
            met.include(block.told);
            if (otherBlocks) {
                metAt = clock;
            }
        }

        /** The other half of a fence: this warp sees everything that was told before it last met others. */
        public void acquire(boolean otherBlocks) {
            before.include(met);
            if (otherBlocks) {
                before.include(metAt);
            }
        }

        private void learn(Warp other) {
            before.include(other.before);
            met.include(other.met);
            metAt = Math.max(metAt, other.metAt);
            fencedHere.include(other.fencedHere);
            fenced.include(other.fenced);
            pending |= other.pending;
        }

        /** What comes is told from what was. */
        private void retire() {
            if (stamp == 0) {
                return;
            }
            before.stamps[index] = stamp;
            if (to == open.length) {
                open = Arrays.copyOfRange(open, from, from + Math.max(4, 2 * (to - from)));
                to -= from;
                from = 0;
            }
            open[to++] = stamp;
            stamp = 0;
        }

        boolean isOfThisLaunch(int other) {
            return other >= base;
        }

        int stamp() {
            if (stamp == 0) {
                stamp = next(block.number, index);
            }
            return stamp;
        }

        /** Whether {@code other} marks an access that this warp may not follow, because nothing orders them. */
        boolean conflicts(int other) {
            if (!isOfThisLaunch(other) || other == stamp || other == ordered) {
                return false;
            }
            int at = other - base;
            Table known = tableWith(at);
            boolean inOrder = known.block[at] == block.number && other <= before.stamps[known.warp[at] - 1];
            if (!inOrder) {
                int closed = known.closedAt[at];
                inOrder = closed != 0 && closed <= before.time;
            }
            if (inOrder) {
                ordered = other;
            }
            return !inOrder;
        }

        /** Whose access it is that conflicts, for this warp. */
        String describe(int other) {
            int at = other - base;
            Table known = tableWith(at);
            return isOfAnotherBlock(other)
                    ? "block number " + known.block[at] + " of the grid"
                    : "warp " + (known.warp[at] - 1) + " of the same block";
        }

        boolean isOfAnotherBlock(int other) {
            int at = other - base;
            return tableWith(at).block[at] != block.number;
        }
    }

    /** For blocks of so many warps, one after the other. */
    public Block block(int warps) {
        return new Block(warps);
    }

    synchronized int next() {
        return next;
    }

    private synchronized int next(int block, int warp) {
        int at = next - base;
        Table known = table;
        if (at == known.block.length) {
            known = known.grown();
        }
        known.block[at] = block;
        known.warp[at] = warp + 1;
        table = known;
        return next++;
    }

    /** The table, as far as a stamp that was met in memory needs it: the thread that wrote it there may have been faster than what it wrote here. */
    private Table tableWith(int at) {
        Table known = table;
        return at < known.warp.length && known.warp[at] != 0 ? known : newest();
    }

    private synchronized Table newest() {
        return table;
    }

    /** Tells other blocks of the warps' stamps up to the bounds. */
    private synchronized void close(Warp[] warps, int[] bounds) {
        int[] closedAt = table.closedAt;
        int now = clock + 1;
        for (Warp warp : warps) {
            while (warp.from < warp.to && warp.open[warp.from] <= bounds[warp.index]) {
                closedAt[warp.open[warp.from++] - base] = now;
            }
        }
        clock = now;
    }
}
