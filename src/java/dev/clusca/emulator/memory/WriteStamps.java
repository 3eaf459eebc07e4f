package dev.clusca.emulator.memory;

import java.util.Arrays;

/**
 * Tells which block of a launch wrote a word, and whether another block that writes it later has synchronised with that write. A block writes under a stamp; a release
 * (a fence, an atomic, a store with release semantics) closes the stamp, an acquire makes everything closed so far visible. So a write over another block's stamp
 * is ordered if that stamp was closed before this block's last acquire. Any release pairs with any later acquire, whatever its address: the rule misses
 * some errors and invents none.
 */
public final class WriteStamps {
    private final int base;
    private int next;
    private int[] owner = new int[64];
    private volatile int[] closedAt = new int[64];
    private volatile int clock;

    /** The stamps of one launch, all of them at least {@code base}. */
    WriteStamps(int base) {
        this.base = base;
        this.next = base;
    }

    /** What one block knows: its own stamp, and how far it has synchronised. */
    public final class Block {
        private final int block;
        private int stamp;
        private int acquiredAt;
        private boolean used;

        private Block(int block) {
            this.block = block;
            stamp = open(block);
        }

        /** Everything this block wrote becomes visible to blocks that acquire later. */
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

        int stamp() {
            used = true;
            return stamp;
        }

        /** The block whose unsynchronised write {@code other} marks, or -1 where writing over it is in order. */
        int conflict(int other) {
            if (other < base || other == stamp) {
                return -1;
            }
            int writer = ownerOf(other);
            if (writer == block) {
                return -1;
            }
            int closed = closedAt[other - base];
            return closed != 0 && closed <= acquiredAt ? -1 : writer;
        }
    }

    public Block block(int index) {
        return new Block(index);
    }

    boolean isOfThisLaunch(int stamp) {
        return stamp >= base;
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
