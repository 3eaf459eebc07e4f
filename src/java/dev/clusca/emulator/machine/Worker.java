package dev.clusca.emulator.machine;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** A host thread's share of a launch: it takes blocks, runs them in turns, and counts. */
public final class Worker {
    /** Steps that a block may run before another gets its turn, where blocks do not depend on each other by contract. */
    private static final long LONG_TURN = 1 << 20;

    private static final long COOPERATIVE_TURN = 1 << 14;

    /** Blocks that run at once where the launch is not cooperative: they may wait for each other as far as a small GPU would let them. */
    private static final int RESIDENT = 8;

    private final Launch launch;
    private final Tally tally;
    private final Access access;
    private final Scratch scratch = new Scratch();
    private final Deque<Block> running = new ArrayDeque<>();
    private final Deque<Block> idle = new ArrayDeque<>();
    private long ticks;

    Worker(Launch launch) {
        this.launch = launch;
        tally = new Tally(launch.program().steps().length);
        access = new Access(this);
    }

    public Launch launch() {
        return launch;
    }

    public Program program() {
        return launch.program();
    }

    public Tally tally() {
        return tally;
    }

    public Access access() {
        return access;
    }

    public Scratch scratch() {
        return scratch;
    }

    /** A clock that only goes forward; what it counts means nothing. */
    public long ticks() {
        return ++ticks;
    }

    /** Runs until no block is left or the launch is stopped. */
    void run() {
        long turn = launch.isCooperative() ? COOPERATIVE_TURN : LONG_TURN;
        int resident = launch.isCooperative() ? launch.shareOfBlocks() : 1;
        while (!launch.isStopped()) {
            fill(resident);
            Block block = running.poll();
            if (block == null) {
                return;
            }
            launch.spend(block.run(turn), block);
            if (block.isDone()) {
                idle.push(block);
            } else {
                running.add(block);
                resident = Math.max(resident, Math.min(RESIDENT, resident + 1));
            }
        }
    }

    private void fill(int resident) {
        while (running.size() < resident) {
            long number = launch.nextBlock();
            if (number < 0) {
                return;
            }
            Block block = newBlock();
            block.begin(number);
            running.add(block);
        }
    }

    private Block newBlock() {
        @Nullable Block used = idle.poll();
        return used == null ? new Block(this) : used;
    }
}
