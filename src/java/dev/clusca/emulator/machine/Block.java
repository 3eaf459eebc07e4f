package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.memory.Epochs;
import dev.clusca.emulator.memory.LaunchStamps;
import dev.clusca.emulator.memory.SharedMemory;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A block of threads: its warps, its shared memory, its barriers. Made once and used for one block of the grid after the other. */
public final class Block {
    private static final int BARRIERS = 16;

    private final Launch launch;
    private final Warp[] warps;
    private final SharedMemory shared;
    private final Epochs epochs;
    private final Barrier[] barriers = new Barrier[BARRIERS];
    private final int threads;
    private final LaunchStamps.Block stamps;
    private Dice dice;
    private long number;

    Block(Worker worker) {
        launch = worker.launch();
        threads = (int) launch.blockSize().count();
        shared = new SharedMemory(launch.sharedBytes());
        warps = new Warp[(threads + Warp.LANES - 1) / Warp.LANES];
        epochs = new Epochs(warps.length, shared);
        stamps = launch.stamps().block(warps.length);
        Arrays.setAll(warps, w -> new Warp(worker, this, w));
        Arrays.setAll(barriers, b -> new Barrier());
        dice = launch.dice(0);
    }

    LaunchStamps.Block stamps() {
        return stamps;
    }

    public SharedMemory shared() {
        return shared;
    }

    public Epochs epochs() {
        return epochs;
    }

    Dim3 coordinates() {
        return launch.grid().coordinates(number);
    }

    /** Becomes block {@code newNumber} of the grid. */
    void begin(long newNumber) {
        number = newNumber;
        dice = launch.dice(number);
        shared.reset(launch.sharedBytes(), launch.options().sharedRaces());
        epochs.begin();
        stamps.begin((int) number);
        for (Barrier barrier : barriers) {
            barrier.clear();
        }
        Dim3 at = coordinates();
        for (Warp warp : warps) {
            int first = warp.index() * Warp.LANES;
            int lanes = Math.min(Warp.LANES, threads - first);
            SpecialRegisters.fill(warp.i, launch, at, first, lanes);
            warp.begin(lanes == Warp.LANES ? Warp.ALL : (1 << lanes) - 1);
        }
    }

    /** Runs warps in a seeded order until about {@code steps} steps are done or the block has ended; gives how many it ran. */
    long run(long steps) {
        long done = 0;
        while (done < steps) {
            Warp warp = pick();
            if (warp == null) {
                return done;
            }
            int slice = 64 << dice.below(6);
            int ran = runWarp(warp, slice);
            done += ran;
            if (ran < slice && warp.status() == Warp.Status.READY) {
                // It waits for somebody: let other blocks run when every warp has had its turn.
                done += slice;
            }
        }
        return done;
    }

    private static int runWarp(Warp warp, int slice) {
        try {
            return warp.run(slice);
        } catch (AccessFault fault) {
            throw new LaunchFault(warp, fault.lane(), fault.kind(), String.valueOf(fault.getMessage()));
        }
    }

    boolean isDone() {
        for (Warp warp : warps) {
            if (warp.status() != Warp.Status.DONE) {
                return false;
            }
        }
        return true;
    }

    /** The fault of a block that does not end. */
    LaunchFault hanging(long budget) {
        Warp warp = warps[0];
        for (Warp other : warps) {
            if (other.status() != Warp.Status.DONE) {
                warp = other;
            }
        }
        return new LaunchFault(
                warp,
                Integer.numberOfTrailingZeros(warp.active()) % Warp.LANES,
                FaultKind.HANG,
                "more than " + budget + " instructions were run, counted for warps; one of the warps stood here");
    }

    /** A warp that can run, null when all have ended; a fault when those that have not wait for ever. */
    private @Nullable Warp pick() {
        int start = dice.below(warps.length);
        for (int k = 0; k < warps.length; k++) {
            Warp warp = warps[(start + k) % warps.length];
            if (warp.status() == Warp.Status.READY) {
                return warp;
            }
        }
        for (Warp warp : warps) {
            if (warp.status() == Warp.Status.AT_BARRIER) {
                throw stuck(warp);
            }
        }
        return null;
    }

    private LaunchFault stuck(Warp warp) {
        StringBuilder detail = new StringBuilder();
        for (int b = 0; b < BARRIERS; b++) {
            if (!barriers[b].isIdle()) {
                detail.append(detail.isEmpty() ? "" : "; ")
                        .append("barrier ")
                        .append(b)
                        .append(" has ")
                        .append(Integer.bitCount(barriers[b].arrivedWarps()))
                        .append(" of ")
                        .append(barriers[b].expected() / Warp.LANES)
                        .append(" warps, and all others have ended or wait elsewhere");
            }
        }
        return new LaunchFault(
                warp, Integer.numberOfTrailingZeros(warp.active()), FaultKind.MISSING_BARRIER, detail.toString());
    }

    /** A converged warp arrives at barrier {@code id} for {@code count} threads (0: all of the block), waits if asked to, and reduces lanes whose predicate is in {@code held}. */
    public void arrive(Warp warp, int id, int count, boolean waits, int held, BarrierReduction onRelease) {
        if (id < 0 || id >= BARRIERS) {
            throw invalid(warp, "barrier " + id + "; there are 0 to " + (BARRIERS - 1));
        }
        if (count % Warp.LANES != 0 || count < 0 || count > warps.length * Warp.LANES) {
            throw invalid(
                    warp,
                    "a barrier for " + count + " threads; a multiple of 32 up to " + warps.length * Warp.LANES
                            + " is expected");
        }
        boolean full = count == 0;
        int expected = full ? warps.length * Warp.LANES : count;
        Barrier barrier = barriers[id];
        if ((barrier.arrivedWarps() >>> warp.index() & 1) != 0) {
            throw invalid(warp, "the warp arrives twice at barrier " + id + " before it has opened");
        }
        boolean opens = barrier.arrive(warp.index(), Integer.bitCount(warp.live()), Integer.bitCount(held), expected);
        if (waits) {
            barrier.await(new Barrier.Waiting(warp, onRelease));
            warp.status(Warp.Status.AT_BARRIER);
        }
        if (opens) {
            if (full && barrier.arrivedLanes() != threads) {
                throw new AccessFault(
                        FaultKind.MISSING_BARRIER,
                        Integer.numberOfTrailingZeros(warp.live()),
                        (threads - barrier.arrivedLanes()) + " of " + threads + " threads ended before barrier " + id
                                + ", which is for all threads of the block");
            }
            epochs.barrier(barrier.arrivedWarps(), full || expected == warps.length * Warp.LANES);
            stamps.barrier(barrier.arrivedWarps());
            barrier.open();
        }
    }

    private static AccessFault invalid(Warp warp, String detail) {
        return new AccessFault(FaultKind.INVALID, Integer.numberOfTrailingZeros(warp.active()), detail);
    }
}
