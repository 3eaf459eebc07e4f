package dev.clusca.emulator.memory;

import java.util.Arrays;

/**
 * Tells which block of a launch was at a word, and whether another block that comes there later has synchronised with that. A block reads and writes under a stamp; a release
 * (a fence, an atomic, a store with release semantics) closes the stamp, an acquire makes everything closed so far visible. So an access
 * after another block's is ordered if the stamp of that one was closed before this block's last acquire. Any release pairs with any later acquire, whatever its address: the rule misses
 * some errors and invents none.
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
        private int acquiredAt;
        /** A stamp that was found in order, as it will stay: the next word is likely to have the same. */
        private int ordered;

        private boolean used;

        private Block(int block) {
            this.block = block;
            stamp = open(block);
        }

        /** Everything this block did becomes visible to blocks that acquire later. */
        public void release() {
            if (used) {
                close(stamp);
                stamp = open(block);
                used = false;
            }
        }

        /** This block sees everything that was released so far. */
        public void acquire() {
            acquiredAt = clock;
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

    private synchronized void close(int stamp) {
        closedAt[stamp - base] = clock + 1;
        clock++;
    }

    private synchronized int ownerOf(int stamp) {
        return owner[stamp - base];
    }
}
