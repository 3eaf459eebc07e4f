package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Times one case on one backend, by points in the device's queue: a monotonic clock on a CPU, events on a GPU. The queue never runs empty while it measures, so that what the host does meanwhile
 * falls into no sample. A short operation is called several times a sample, from a recording, which on a GPU is one graph.
 */
final class CaseTimer implements AutoCloseable {
    /** Where the last-level cache is not known. */
    private static final long USUAL_ROTATION = 256L << 20;

    private static final int MOST_COPIES = 2048;
    /** Memory of all copies at most. Where that is too little, an operation that touches little of large tensors finds some of it cached, unless the cache is flushed. */
    private static final long MOST_BYTES = 1L << 30;
    /** A sample this long hides what two points in the queue cost, and on a GPU the launch of a graph. */
    private static final double LEAST_SAMPLE_MICROS = 500;
    /** Work that is enqueued ahead. */
    private static final double BATCH_MICROS = 20_000;

    private static final int MOST_IN_BATCH = 256;
    /** Longer samples need nothing that keeps the queue from running empty before them. */
    private static final double LONG_SAMPLE_MICROS = 20_000;

    private static final int MOST_CALLS = 10_000;
    private static final double WARM_UP_MICROS = 100_000;

    private final Backend backend;
    private final Method method;
    private final @Nullable Probe probe;
    private final boolean memoryMatters;
    private final WorkArena work;
    /** Bytes that are four times as many as the cache holds: a cache that does not forget the oldest first keeps a part of twice as many. */
    private final long rotation;

    private final boolean flushes;
    private final List<OpRun> copies = new ArrayList<>();
    private final List<Backend.Recording> recordings = new ArrayList<>();

    /**
     * @param cacheBytes of the device's last-level cache, 0 if it is not known
     * @param probe of the same backend, or null to ask it for nothing
     * @param memoryMatters whether the speed of the device's memory decides
     */
    CaseTimer(
            Backend backend,
            OpCase c,
            OpRun.Inputs inputs,
            Method method,
            long cacheBytes,
            @Nullable Probe probe,
            boolean memoryMatters) {
        this.backend = backend;
        this.method = method;
        this.probe = probe;
        this.memoryMatters = memoryMatters && method.mode() != CacheMode.WARM;
        work = new WorkArena(backend);
        rotation = cacheBytes > 0 ? 4 * cacheBytes : USUAL_ROTATION;
        try {
            long touched = Math.min(c.footprint(), Math.max(1, c.cost().bytes()));
            long most = Math.min(MOST_COPIES, Math.max(1, MOST_BYTES / c.footprint()));
            int count =
                    method.mode() == CacheMode.COLD ? (int) Math.clamp(Math.ceilDiv(rotation, touched), 1, most) : 1;
            flushes =
                    method.mode() == CacheMode.FLUSHED || method.mode() == CacheMode.COLD && count * touched < rotation;
            for (int i = 0; i < count; i++) {
                copies.add(OpRun.prepare(backend, work.arena(), c, inputs, i == 0));
            }
            // A backend may prepare what it needs at the first call, which no recording could.
            copies.forEach(OpRun::enqueue);
            backend.synchronize();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Some calls and what plays them back. */
    private record Group(Backend.Recording recording, int calls) {}

    /** What the first copy holds after all calls. */
    OpRun.Result result() {
        return copies.getFirst().result();
    }

    /** The GPU's kernels that one call launches. */
    List<KernelUse> kernels() {
        try (Backend.Recording once = backend.record(copies.getFirst()::enqueue)) {
            return once.kernels();
        }
    }

    /**
     * What was measured.
     *
     * @param timings of one call
     * @param device how fast the device itself was meanwhile
     */
    record Run(Timings timings, DeviceSpeed device) {}

    /** One sample in the queue. */
    private record Sample(Backend.Mark start, Backend.Mark end, int calls) {
        double micros() {
            return Math.max(end.millisSince(start) * 1e3, 1e-3) / calls;
        }
    }

    /** Measures. */
    Run run(BooleanSupplier cancelled) {
        // As in a sample: a GPU would wait for single launches.
        Group once = group(copies, 1);
        double micros = warmUp(once.recording(), cancelled);
        List<Group> groups = groups(micros, once);
        Backend.Recording flush = flushes ? flush() : null;
        double length = micros * groups.getFirst().calls();
        int batch = (int) Math.clamp(BATCH_MICROS / length, 1, MOST_IN_BATCH);
        List<Double> all = new ArrayList<>();
        List<Probe.Pending> moments = new ArrayList<>();
        long start = System.nanoTime();
        int next = 0;
        Timings timings;
        do {
            stopIf(cancelled);
            if (length < LONG_SAMPLE_MICROS) {
                groups.get(next++ % groups.size()).recording().replay();
            }
            List<Sample> samples = new ArrayList<>();
            Backend.Mark last = backend.mark();
            for (int i = 0; i < batch; i++) {
                Group group = groups.get(next++ % groups.size());
                if (flush != null) {
                    flush.replay();
                    last = backend.mark();
                }
                group.recording().replay();
                Backend.Mark end = backend.mark();
                samples.add(new Sample(last, end, group.calls()));
                last = end;
                if (probe != null) {
                    Probe.Pending moment = probe.enqueue(end);
                    moments.add(moment);
                    last = moment.end();
                }
            }
            last.await();
            samples.forEach(sample -> all.add(sample.micros()));
            timings = new Timings(all.stream().mapToDouble(Double::doubleValue).toArray());
        } while (!method.isEnough(timings, System.nanoTime() - start));
        return new Run(timings, probe == null ? DeviceSpeed.UNKNOWN : probe.speed(moments, memoryMatters));
    }

    /** Runs all copies in turn until clocks and caches have settled; microseconds of a call. */
    private double warmUp(Backend.Recording all, BooleanSupplier cancelled) {
        double spent = 0;
        double best = Double.POSITIVE_INFINITY;
        do {
            stopIf(cancelled);
            Backend.Mark start = backend.mark();
            all.replay();
            double round = backend.mark().millisSince(start) * 1e3;
            spent += Math.max(round, 1);
            best = Math.min(best, round / copies.size());
        } while (spent < Math.min(WARM_UP_MICROS, method.limit().toNanos() * 1e-3 / 4));
        return Math.max(best, 1e-3);
    }

    /**
     * All copies in turn, in groups that take long enough for a sample; one copy, as often as that takes.
     *
     * @param once all copies once, which is a group of its own where it takes just as long
     */
    private List<Group> groups(double micros, Group once) {
        // After a flush a copy is cold once.
        int most = flushes ? copies.size() : MOST_CALLS;
        int calls = (int) Math.clamp(Math.ceil(LEAST_SAMPLE_MICROS / micros), 1, most);
        int rounds = Math.ceilDiv(calls, copies.size());
        if (calls >= copies.size()) {
            return List.of(rounds == 1 ? once : group(copies, rounds));
        }
        List<Group> groups = new ArrayList<>();
        for (int from = 0; from < copies.size(); from += calls) {
            groups.add(group(copies.subList(from, Math.min(from + calls, copies.size())), 1));
        }
        return groups;
    }

    private Group group(List<OpRun> runs, int rounds) {
        Backend.Recording recording = backend.record(() -> {
            for (int i = 0; i < rounds; i++) {
                runs.forEach(OpRun::enqueue);
            }
        });
        recordings.add(recording);
        return new Group(recording, rounds * runs.size());
    }

    /** Writes over the cache. */
    private Backend.Recording flush() {
        long half = rotation / 2 / Float.BYTES;
        Tensor from = work.zeros(DType.F32, half);
        Tensor to = work.zeros(DType.F32, 2 * half);
        backend.ops().cast(from, to.rows(0, half));
        Backend.Recording recording = backend.record(() -> {
            backend.ops().cast(from, to.rows(0, half));
            backend.ops().cast(from, to.rows(half, half));
        });
        recordings.add(recording);
        return recording;
    }

    private static void stopIf(BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the measurement was cancelled");
        }
    }

    @Override
    public void close() {
        try {
            recordings.forEach(Backend.Recording::close);
        } finally {
            work.close();
        }
    }
}
