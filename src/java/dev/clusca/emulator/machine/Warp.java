package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.memory.LaunchStamps;
import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;

/**
 * 32 lanes that run together. Registers are arrays of 32 lanes, so that an instruction is one loop over lanes. Where lanes part, each group goes on as a fragment with a
 * program counter of its own; the one that is furthest behind runs, and fragments that meet become one. A fragment that keeps others waiting for long yields to
 * them, so a loop that waits for another lane of its warp ends.
 */
public final class Warp {
    public static final int LANES = 32;
    public static final int ALL = -1;

    /** Why a warp stands still. */
    enum Status {
        READY,
        AT_BARRIER,
        DONE
    }

    /** Steps that a fragment may run while others wait. */
    private static final int PATIENCE = 4096;

    /** 32-bit registers and smaller, zero-extended; a slot is one register. */
    public final int[][] i;

    public final float[][] f;
    public final long[][] l;
    public final double[][] d;
    /** Predicates, one bit for each lane. */
    public final int[] p;

    private final Worker worker;
    private final Block block;
    private final int index;
    private final AsyncCopies asyncCopies;
    private final LocalMemory local;
    private final LaunchStamps.Warp stamp;

    private Status status = Status.DONE;
    private int pc;
    private int active;
    private int live;
    private int current;
    private int slice;

    private final int[] fragmentPc = new int[LANES];
    private final int[] fragmentMask = new int[LANES];
    private final boolean[] parked = new boolean[LANES];
    private int fragments;
    private int patience;
    private boolean outOfTurn;

    Warp(Worker worker, Block block, int index) {
        this.worker = worker;
        this.block = block;
        this.index = index;
        Program.Registers registers = worker.program().registers();
        i = registers.ints().clone();
        Arrays.setAll(i, slot -> i[slot] == null ? new int[LANES] : i[slot]);
        f = registers.floats().clone();
        Arrays.setAll(f, slot -> f[slot] == null ? new float[LANES] : f[slot]);
        l = registers.longs().clone();
        Arrays.setAll(l, slot -> l[slot] == null ? new long[LANES] : l[slot]);
        d = registers.doubles().clone();
        Arrays.setAll(d, slot -> d[slot] == null ? new double[LANES] : d[slot]);
        p = new int[registers.predicates()];
        asyncCopies = new AsyncCopies(this);
        local = new LocalMemory((int) worker.program().entry().localBytes());
        stamp = block.stamps().warp(index);
    }

    public Worker worker() {
        return worker;
    }

    public Block block() {
        return block;
    }

    /** Its number within the block. */
    public int index() {
        return index;
    }

    public AsyncCopies asyncCopies() {
        return asyncCopies;
    }

    public LocalMemory local() {
        return local;
    }

    /** Under what it reads and writes global memory. */
    public LaunchStamps.Warp stamp() {
        return stamp;
    }

    /** Lanes that have not ended. */
    public int live() {
        return live;
    }

    /** Lanes that run together at this moment, before an instruction's guard. */
    public int active() {
        return active;
    }

    Status status() {
        return status;
    }

    void status(Status newStatus) {
        status = newStatus;
    }

    /** Index of the step that runs or ran last. */
    int current() {
        return current;
    }

    /** Begins a block with the lanes in {@code lanes}. */
    void begin(int lanes) {
        status = Status.READY;
        pc = 0;
        live = lanes;
        active = lanes;
        fragments = 0;
        outOfTurn = false;
        // Predicates also say which of the watched registers are set: none.
        Arrays.fill(p, 0);
        asyncCopies.clear();
        local.clear();
    }

    /** Runs up to {@code steps} steps; gives how many it ran. */
    int run(int steps) {
        Program.Step[] program = worker.program().steps();
        Tally tally = worker.tally();
        slice = steps;
        while (slice > 0 && status == Status.READY) {
            slice--;
            current = pc++;
            Program.Step step = program[current];
            int mask = active;
            int guard = step.guard();
            if (guard >= 0) {
                mask &= step.negated() ? ~p[guard] : p[guard];
            }
            tally.step(current, mask);
            if (mask != 0) {
                step.op().run(this, mask);
            }
            if (fragments != 0) {
                meet();
            }
        }
        return steps - Math.max(slice, 0);
    }

    /** Lets others run: the loop at hand waits for something. */
    public void yieldSlice() {
        slice = 0;
    }

    /** The lanes in {@code taken} go on at {@code target}, the rest of the active ones behind the branch. */
    public void branch(int target, int taken) {
        int rest = active & ~taken;
        if (rest != 0) {
            addFragment(pc, rest, false);
            active = taken;
            patience = PATIENCE;
        }
        pc = target;
    }

    /** Lanes end, and may leave no copy behind. */
    public void exit(int lanes) {
        int unfinished = asyncCopies.unfinished(lanes);
        if (unfinished != 0) {
            throw new AccessFault(
                    FaultKind.ASYNC_UNFINISHED,
                    Integer.numberOfTrailingZeros(unfinished),
                    "cp.async that was never waited for; wait for all of them before the end");
        }
        live &= ~lanes;
        active &= ~lanes;
        Arrays.fill(parked, 0, fragments, false);
        if (active == 0) {
            nextFragment();
        }
    }

    /** The current fragment waits at the instruction that runs until other lanes come; what says that they never will. */
    public void waitForLanes(FaultKind fault, String missing) {
        addFragment(current, active, true);
        active = 0;
        for (int k = 0; k < fragments; k++) {
            if (!parked[k]) {
                nextFragment();
                return;
            }
        }
        throw new AccessFault(fault, Integer.numberOfTrailingZeros(fragmentMask[fragments - 1]), missing);
    }

    private void nextFragment() {
        int best = -1;
        for (int k = 0; k < fragments; k++) {
            if (!parked[k] && (best < 0 || fragmentPc[k] < fragmentPc[best])) {
                best = k;
            }
        }
        if (best < 0) {
            status = Status.DONE;
            return;
        }
        activate(best);
    }

    private void activate(int k) {
        pc = fragmentPc[k];
        active = fragmentMask[k];
        remove(k);
        patience = PATIENCE;
        outOfTurn = false;
    }

    /** Joins fragments that stand where this one does, then gives way to one further behind or one that has waited long. */
    private void meet() {
        int lowest = -1;
        for (int k = fragments - 1; k >= 0; k--) {
            if (fragmentPc[k] == pc && active != 0) {
                active |= fragmentMask[k];
                remove(k);
            }
        }
        for (int k = 0; k < fragments; k++) {
            if (!parked[k] && (lowest < 0 || fragmentPc[k] < fragmentPc[lowest])) {
                lowest = k;
            }
        }
        if (lowest < 0 || active == 0 || status != Status.READY) {
            return;
        }
        patience--;
        if (patience <= 0 && !outOfTurn) {
            int longest = oldestWaiting();
            addFragment(pc, active, false);
            activate(longest);
            outOfTurn = true;
        } else if (fragmentPc[lowest] < pc && (!outOfTurn || patience <= 0)) {
            addFragment(pc, active, false);
            activate(lowest);
        }
    }

    /** Fragments are kept in the order in which they began to wait. */
    private int oldestWaiting() {
        int k = 0;
        while (parked[k]) {
            k++;
        }
        return k;
    }

    private void addFragment(int at, int lanes, boolean isParked) {
        fragmentPc[fragments] = at;
        fragmentMask[fragments] = lanes;
        parked[fragments] = isParked;
        fragments++;
    }

    private void remove(int k) {
        fragments--;
        System.arraycopy(fragmentPc, k + 1, fragmentPc, k, fragments - k);
        System.arraycopy(fragmentMask, k + 1, fragmentMask, k, fragments - k);
        System.arraycopy(parked, k + 1, parked, k, fragments - k);
    }
}
