package dev.clusca.emulator.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells which warp of a launch was at a word, and whether another one that comes there later has synchronised with that, as the PTX memory model has it. A warp reads and writes under a
 * stamp, and takes a new one at each barrier, so that a stamp lies between two barriers.
 *
 * <p>Within a block barriers order ({@link Epochs}). Between blocks, and where no barrier is, a fence closes the stamps that are ordered before it, its warp's own and those that a barrier
 * ordered; the next access with a memory order that the warp writes with publishes them; what such a read of another warp meets later, that warp's next fence acquires. What a warp has closed,
 * met and acquired holds for all that pass a barrier with it. So an access after another warp's is ordered if the stamp of that one lies before a barrier that both know of, or was published
 * before this warp's last acquired read. Any publishing pairs with any later read, whatever its address, and lanes of one warp are taken to be ordered: the rule misses some errors and invents
 * none.
 */
public final class LaunchStamps {
    private static final int WARP_BITS = 6;

    private final int base;
    private int next;
    private volatile Table table = new Table(new int[64], new int[64], new int[64]);
    private volatile int clock;

    /**
     * What is known of each stamp, from {@link #base} on.
     *
     * @param block whose it is
     * @param place the epoch in which it was opened, and its warp
     * @param closedAt when it was published, 0 for not yet
     */
    private record Table(int[] block, int[] place, int[] closedAt) {
        Table grown() {
            int size = 2 * block.length;
            return new Table(Arrays.copyOf(block, size), Arrays.copyOf(place, size), Arrays.copyOf(closedAt, size));
        }
    }

    /** The stamps of one launch, all of them at least {@code base}. */
    LaunchStamps(int base) {
        this.base = base;
        this.next = base;
    }

    /** The warps of one block of the grid. */
    public final class Block {
        private final int number;
        private final Epochs epochs;
        private final Warp[] warps;
        /** Stamps of this block before it are ordered before everything that comes. */
        private int settled;

        private Block(int number, Epochs epochs, int warps) {
            this.number = number;
            this.epochs = epochs;
            this.warps = new Warp[warps];
            for (int w = 0; w < warps; w++) {
                this.warps[w] = new Warp(this, w);
            }
        }

        public Warp warp(int index) {
            return warps[index];
        }

        /** The warps in a set (bit w: warp w) have passed a barrier together. */
        public void barrier(int set) {
            share(set);
            for (int m = set; m != 0; m &= m - 1) {
                warps[Integer.numberOfTrailingZeros(m)].renew();
            }
        }

        /** What one of them has closed, met and acquired, all have. */
        private void share(int set) {
            int met = 0;
            int acquired = 0;
            Set<Integer> fenced = new HashSet<>();
            for (int m = set; m != 0; m &= m - 1) {
                Warp warp = warps[Integer.numberOfTrailingZeros(m)];
                met = Math.max(met, warp.metAt);
                acquired = Math.max(acquired, warp.acquiredAt);
                fenced.addAll(warp.fenced);
            }
            for (int m = set; m != 0; m &= m - 1) {
                Warp warp = warps[Integer.numberOfTrailingZeros(m)];
                warp.metAt = met;
                warp.acquiredAt = acquired;
                warp.fenced.addAll(fenced);
                warp.fenced.removeIf(LaunchStamps.this::isPublished);
            }
        }

        /** Epochs begin anew: what was before is ordered before all that comes. */
        public void forgetEpochs() {
            settled = next();
            for (Warp warp : warps) {
                warp.used = true;
                warp.renew();
            }
        }
    }

    /** What one warp knows: its own stamp, and how far it has synchronised with other blocks. */
    public final class Warp {
        private final Block block;
        private final int index;
        private int stamp;
        /** Until when this warp has seen what was published. */
        private int acquiredAt;
        /** The same, as far as it depends on a fence to come. */
        private int metAt;
        /** Stamps of this warp's accesses before the last barrier that nobody has published. */
        private final List<Integer> behind = new ArrayList<>();
        /** Stamps, of this and other warps, that were closed and not published. */
        private final Set<Integer> fenced = new HashSet<>();
        /** A stamp that was found in order, as it will stay: the next word is likely to have the same. */
        private int ordered;

        private boolean used;

        private Warp(Block block, int index) {
            this.block = block;
            this.index = index;
            stamp = open(block.number, place());
        }

        /** A fence, or the half of one that release semantics are: the next {@link #publish} tells of everything that is ordered before. */
        public void release() {
            renew();
            int[] view = block.epochs.view(index);
            for (Warp other : block.warps) {
                other.behind.removeIf(LaunchStamps.this::isPublished);
                for (int one : other.behind) {
                    if (other == this || one < block.settled || epoch(one) < view[other.index]) {
                        fenced.add(one);
                    }
                }
            }
        }

        /** This warp is about to write what others may wait for. */
        public void publish() {
            if (!fenced.isEmpty()) {
                close(fenced);
                fenced.clear();
            }
        }

        /** This warp has read what others may have published. */
        public void meet() {
            metAt = clock;
        }

        /** The other half of a fence: this warp sees everything that was published before it last met others. */
        public void acquire() {
            acquiredAt = metAt;
        }

        /** What comes is told from what was. */
        private void renew() {
            if (used) {
                behind.add(stamp);
                stamp = open(block.number, place());
                used = false;
            } else {
                move(stamp, place());
            }
        }

        private int place() {
            return block.epochs.now(index) << WARP_BITS | index;
        }

        boolean isOfThisLaunch(int other) {
            return other >= base;
        }

        int stamp() {
            used = true;
            return stamp;
        }

        /** Whether {@code other} marks an access that this warp may not follow, because nothing orders them. */
        boolean conflicts(int other) {
            if (!isOfThisLaunch(other) || other == stamp || other == ordered) {
                return false;
            }
            Table known = table;
            int at = other - base;
            boolean inOrder = known.block[at] == block.number && isBefore(other, known.place[at]);
            if (!inOrder) {
                int closed = known.closedAt[at];
                inOrder = closed != 0 && closed <= acquiredAt;
            }
            if (inOrder) {
                ordered = other;
            }
            return !inOrder;
        }

        /** Whether an access of this block is this warp's own or lies before a barrier that this warp knows of. */
        private boolean isBefore(int other, int place) {
            int warp = place & (1 << WARP_BITS) - 1;
            return warp == index
                    || other < block.settled
                    || place >>> WARP_BITS < block.epochs.view(index)[warp];
        }

        /** Whose access it is that conflicts, for this warp. */
        String describe(int other) {
            Table known = table;
            int owner = known.block[other - base];
            return owner == block.number
                    ? "warp " + (known.place[other - base] & (1 << WARP_BITS) - 1) + " of the same block"
                    : "block number " + owner + " of the grid";
        }

        /** Whether it is a warp of another block. */
        boolean isOfAnotherBlock(int other) {
            return table.block[other - base] != block.number;
        }
    }

    /** A block that begins. */
    public Block block(int number, Epochs epochs, int warps) {
        return new Block(number, epochs, warps);
    }

    synchronized int next() {
        return next;
    }

    private synchronized int open(int block, int place) {
        int at = next - base;
        Table known = table;
        if (at == known.block.length) {
            known = known.grown();
        }
        known.block[at] = block;
        known.place[at] = place;
        table = known;
        return next++;
    }

    /** A stamp that nobody has used is as one that is opened now. */
    private synchronized void move(int stamp, int place) {
        table.place[stamp - base] = place;
    }

    private int epoch(int stamp) {
        return table.place[stamp - base] >>> WARP_BITS;
    }

    private boolean isPublished(int stamp) {
        return table.closedAt[stamp - base] != 0;
    }

    private synchronized void close(Set<Integer> stamps) {
        int now = clock + 1;
        for (int stamp : stamps) {
            if (!isPublished(stamp)) {
                table.closedAt[stamp - base] = now;
            }
        }
        clock = now;
    }
}
