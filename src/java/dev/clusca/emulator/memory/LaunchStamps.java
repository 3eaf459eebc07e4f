package dev.clusca.emulator.memory;

import java.util.Arrays;

/**
 * Tells which block of a launch was at a word, and whether another block that comes there later has synchronised with that, as the PTX memory model has it. A block reads and writes
 * under a stamp. A fence closes the stamp, and the next access with a memory order that the block writes with publishes it; what such reads of another block meet later, that block's
 * next fence acquires. So an access after another block's is ordered if the stamp of that one was published before this block's last acquired read. Any publishing pairs with any later
 * read, whatever its address: the rule misses some errors and invents none.
 */
public final class LaunchStamps {
    private final int base;
    private int next;
    private int[] owner = new int[64];
    private volatile int[] closedAt = new int[64];
    private volatile int clock;

    /** The stamps of one launch, all of them at least {@code base}. */
    LaunchStamps(int base) {
        this.base = base;
        this.next = base;
    }

    /** What one block knows: its own stamp, and how far it has synchronised. */
    public final class Block {
        private final int block;
        private int stamp;
        /** Until when this block has seen what was published. */
        private int acquiredAt;
        /** The same, as far as it depends on a fence to come. */
        private int metAt;
        /** Stamps that were closed and not published. */
        private int[] fenced = new int[1];

        private int fencedCount;
        /** A stamp that was found in order, as it will stay: the next word is likely to have the same. */
        private int ordered;

        private boolean used;

        private Block(int block) {
            this.block = block;
            stamp = open(block);
        }

        /** A fence, or the half of one that release semantics are: the next {@link #publish} tells of everything this block did. */
        public void release() {
            if (used) {
                if (fencedCount == fenced.length) {
                    fenced = Arrays.copyOf(fenced, 2 * fencedCount);
                }
                fenced[fencedCount++] = stamp;
                stamp = open(block);
                used = false;
            }
        }

        /** This block is about to write what others may wait for. */
        public void publish() {
            if (fencedCount > 0) {
                close(fenced, fencedCount);
                fencedCount = 0;
            }
        }

        /** This block has read what others may have published. */
        public void meet() {
            metAt = clock;
        }

        /** The other half of a fence: this block sees everything that was published before it last met others. */
        public void acquire() {
            acquiredAt = metAt;
        }

        boolean isOfThisLaunch(int other) {
            return other >= base;
        }

        int stamp() {
            used = true;
            return stamp;
        }

        /** The block whose unsynchronised access {@code other} marks, or -1 where this block may follow. */
        int conflict(int other) {
            if (!isOfThisLaunch(other) || other == stamp || other == ordered) {
                return -1;
            }
            int owner = ownerOf(other);
            int closed = closedAt[other - base];
            if (owner != block && (closed == 0 || closed > acquiredAt)) {
                return owner;
            }
            ordered = other;
            return -1;
        }
    }

    public Block block(int index) {
        return new Block(index);
    }

    synchronized int next() {
        return next;
    }

    private synchronized int open(int block) {
        int index = next - base;
        if (index == owner.length) {
            owner = Arrays.copyOf(owner, index * 2);
            closedAt = Arrays.copyOf(closedAt, index * 2);
        }
        owner[index] = block;
        return next++;
    }

    private synchronized void close(int[] stamps, int count) {
        for (int k = 0; k < count; k++) {
            closedAt[stamps[k] - base] = clock + 1;
        }
        clock++;
    }

    private synchronized int ownerOf(int stamp) {
        return owner[stamp - base];
    }
}
