package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.DeviceMemory;
import dev.clusca.emulator.memory.LaunchStamps;
import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.Fault;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** One launch of a kernel: the grid and its parameters, which block comes next, how much may still be run, and the faults met. */
public final class Launch {
    private final Program program;
    private final DeviceMemory memory;
    private final LaunchStamps stamps;
    private final Dim3 grid;
    private final Dim3 blockSize;
    private final int dynamicSharedBytes;
    private final byte[] parameters;
    private final boolean cooperative;
    private final long gridBarrier;
    private final Detectors options;
    private final long seed;
    private final long orderSeed;
    private final BlockOrder order;
    private final AtomicLong nextBlock = new AtomicLong();
    private final AtomicLong spent = new AtomicLong();
    private final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    /**
     * A launch that has not run yet; its arguments have been checked.
     *
     * @param cooperative whether all blocks run at once
     * @param gridBarrier address of the grid barrier of a cooperative launch, 0 for others
     * @param seed of the device: how it computes approximate results, the same in all of its launches
     * @param orderSeed of the order of this launch's blocks and warps
     */
    public Launch(
            Program program,
            DeviceMemory memory,
            Dim3 grid,
            Dim3 blockSize,
            int dynamicSharedBytes,
            byte[] parameters,
            boolean cooperative,
            long gridBarrier,
            Detectors options,
            long seed,
            long orderSeed) {
        this.program = program;
        this.memory = memory;
        this.stamps = memory.beginLaunch();
        this.grid = grid;
        this.blockSize = blockSize;
        this.dynamicSharedBytes = dynamicSharedBytes;
        this.parameters = parameters;
        this.cooperative = cooperative;
        this.gridBarrier = gridBarrier;
        this.options = options;
        this.seed = seed;
        this.orderSeed = orderSeed;
        this.order = new BlockOrder(grid.count(), orderSeed);
    }

    public Program program() {
        return program;
    }

    DeviceMemory memory() {
        return memory;
    }

    LaunchStamps stamps() {
        return stamps;
    }

    Dim3 grid() {
        return grid;
    }

    Dim3 blockSize() {
        return blockSize;
    }

    int dynamicSharedBytes() {
        return dynamicSharedBytes;
    }

    int sharedBytes() {
        return Math.toIntExact(program.entry().sharedBytes()) + dynamicSharedBytes;
    }

    byte[] parameters() {
        return parameters;
    }

    long gridBarrier() {
        return gridBarrier;
    }

    boolean isCooperative() {
        return cooperative;
    }

    Detectors options() {
        return options;
    }

    /** Seed of the perturbation of approximate instructions. */
    public long seed() {
        return seed;
    }

    Dice dice(long stream) {
        return new Dice(orderSeed, stream);
    }

    boolean isStopped() {
        return stopped;
    }

    /** How many blocks each host thread takes where all must run at once. */
    int shareOfBlocks() {
        int threads = threads();
        return (int) ((grid.count() + threads - 1) / threads);
    }

    private int threads() {
        return (int) Math.max(1, Math.min(options.threads(), grid.count()));
    }

    /** Number of the next block to run, -1 when all have begun. */
    long nextBlock() {
        long k = nextBlock.getAndIncrement();
        return k < grid.count() ? order.block(k) : -1;
    }

    /** Counts what a block ran; more than the budget is a fault. */
    void spend(long steps, Block block) {
        if (spent.addAndGet(steps) > options.budget() && !block.isDone()) {
            throw block.hanging(options.budget());
        }
    }

    /** Runs every block, on as many host threads as the options say; returns when all have ended or one has met a fault. */
    public LaunchReport run() {
        long start = System.nanoTime();
        int count = threads();
        List<Worker> workers = new ArrayList<>();
        for (int k = 0; k < count; k++) {
            workers.add(new Worker(this));
        }
        List<Thread> threads = new ArrayList<>();
        for (Worker worker : workers.subList(1, count)) {
            threads.add(Thread.ofPlatform().daemon().name("clusca-emulator").start(() -> runWorker(worker)));
        }
        runWorker(workers.getFirst());
        boolean interrupted = false;
        for (Thread thread : threads) {
            interrupted |= join(thread);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        memory.endLaunch(stamps);
        return report(workers, System.nanoTime() - start);
    }

    /** Waits for a thread whatever happens: a launch ends by itself, at its budget if not before. Gives whether the caller was interrupted meanwhile. */
    private static boolean join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private void runWorker(Worker worker) {
        try {
            worker.run();
        } catch (LaunchFault fault) {
            stopped = true;
            faults.add(fault.fault());
        } catch (RuntimeException | Error e) {
            stopped = true;
            failures.add(e);
        }
    }

    private LaunchReport report(List<Worker> workers, long nanos) {
        Throwable failure = failures.peek();
        if (failure != null) {
            throw new IllegalStateException(
                    "the emulator itself failed in " + program.entry().name(), failure);
        }
        Map<Integer, LaunchReport.Line> lines = new TreeMap<>();
        Map<InstructionClass, Long> classes = new EnumMap<>(InstructionClass.class);
        Counts total = Counts.ZERO;
        Program.Step[] steps = program.steps();
        for (int k = 0; k < steps.length; k++) {
            Program.Step step = steps[k];
            Counts counts = Counts.ZERO;
            for (Worker worker : workers) {
                counts = counts.plus(worker.tally().counts(k));
            }
            if (!step.counts()) {
                counts = counts.withoutInstructions();
            }
            total = total.plus(counts);
            classes.merge(step.kind(), counts.instructions(), Long::sum);
            Counts known = counts;
            lines.compute(
                    step.line(),
                    (line, old) -> new LaunchReport.Line(
                            step.text(), old == null ? known : old.counts().plus(known)));
        }
        return new LaunchReport(
                program.entry().name(), grid, blockSize, List.copyOf(faults), total, lines, classes, nanos);
    }
}
