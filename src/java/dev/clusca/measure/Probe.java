package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.WorkArena;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Short pieces of work between samples whose times tell how fast the device itself is at the moment: a product that stays in a core's own caches, and a copy through memory. A neighbour on the processor's other
 * thread lengthens the one, by up to a half, a neighbour on the memory's bus lengthens the other, and an operation that is measured meanwhile is as uncertain.
 */
final class Probe implements AutoCloseable {
    private static final int CALIBRATIONS = 2000;
    private static final int FEWEST = 20;
    private static final long CALIBRATION_NANOS = 500_000_000;
    /** The part of all moments that are faster than what the device can do undisturbed: a few are lucky. */
    private static final double LUCKY = 0.05;

    /** How much a copy moves, and how many take turns, so that no cache holds them. A GPU takes microseconds to begin a copy, and moves its larger ones in some twenty. */
    private record Copies(long bytes, int count) {
        static Copies of(Backend backend) {
            return BackendName.of(backend.name()).provider().equals("cuda")
                    ? new Copies(32 << 20, 8)
                    : new Copies(1 << 20, 64);
        }
    }

    private final Backend backend;
    private final WorkArena work;
    private final List<Backend.Recording> copies = new ArrayList<>();
    private double bestPulse;
    private double bestCopy;
    private int next;

    /** How long each piece took, in milliseconds; the pulse 0 where the backend has none. */
    private record Moment(double pulse, double copy) {}

    /** A moment in the queue. */
    record Pending(Backend.Mark start, Backend.Mark between, Backend.Mark end, boolean pulses) {
        private Moment moment() {
            return new Moment(pulses ? between.millisSince(start) : 0, end.millisSince(between));
        }
    }

    /** Learns how fast the device can be; takes half a second. */
    Probe(Backend backend) {
        this.backend = backend;
        work = new WorkArena(backend);
        Copies size = Copies.of(backend);
        for (int i = 0; i < size.count; i++) {
            Tensor from = work.zeros(DType.F32, size.bytes / Float.BYTES);
            Tensor to = work.zeros(DType.F32, size.bytes / Float.BYTES);
            // What a backend prepares at the first call, no recording could.
            backend.ops().cast(from, to);
            copies.add(backend.record(() -> backend.ops().cast(from, to)));
        }
        List<Moment> moments = new ArrayList<>();
        long begin = System.nanoTime();
        while (moments.size() < CALIBRATIONS
                && (moments.size() < FEWEST || System.nanoTime() - begin < CALIBRATION_NANOS)) {
            moments.add(enqueue(backend.mark()).moment());
        }
        bestPulse = best(moments, Moment::pulse);
        bestCopy = best(moments, Moment::copy);
    }

    private static double best(List<Moment> moments, ToDoubleFunction<Moment> part) {
        double[] sorted = moments.stream().mapToDouble(part).sorted().toArray();
        return sorted[(int) (LUCKY * sorted.length)];
    }

    /** Enqueues both pieces after a mark. */
    Pending enqueue(Backend.Mark start) {
        // The first pulse wakes threads that went to sleep meanwhile; the second counts.
        boolean pulses = backend.pulse();
        Backend.Mark awake = pulses ? backend.mark() : start;
        backend.pulse();
        Backend.Mark between = pulses ? backend.mark() : start;
        copies.get(next++ % copies.size()).replay();
        return new Pending(awake, between, backend.mark(), pulses);
    }

    /**
     * How fast the device was. What memory bounds computes, too: it is as uncertain as the more disturbed of both.
     *
     * @param memory whether its memory's speed matters, and not only that of its computation
     */
    DeviceSpeed speed(List<Pending> moments, boolean memory) {
        List<Moment> known = moments.stream().map(Pending::moment).toList();
        // The half second in which the best was learnt may have been a disturbed one.
        bestPulse = better(bestPulse, known, Moment::pulse);
        bestCopy = better(bestCopy, known, Moment::copy);
        DeviceSpeed computing = speed(known, Moment::pulse, bestPulse);
        if (!memory) {
            return computing;
        }
        DeviceSpeed copying = speed(known, Moment::copy, bestCopy);
        return new DeviceSpeed(copying.micros(), Math.max(copying.slowed(), computing.slowed()));
    }

    private static double better(double best, List<Moment> moments, ToDoubleFunction<Moment> part) {
        return moments.isEmpty() ? best : Math.min(best, median(moments, part));
    }

    private static DeviceSpeed speed(List<Moment> moments, ToDoubleFunction<Moment> part, double best) {
        if (best <= 0 || moments.isEmpty()) {
            return DeviceSpeed.UNKNOWN;
        }
        double median = median(moments, part);
        return new DeviceSpeed(median * 1e3, Math.max(0, median / best - 1));
    }

    /** As of the samples: a moment in which a thread lost its core for a while weighs no more than any other. */
    private static double median(List<Moment> moments, ToDoubleFunction<Moment> part) {
        double[] sorted = moments.stream().mapToDouble(part).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    @Override
    public void close() {
        try {
            copies.forEach(Backend.Recording::close);
        } finally {
            work.close();
        }
    }
}
