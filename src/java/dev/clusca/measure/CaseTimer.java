package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * Times one case on one backend, by points in the device's queue: a monotonic clock on a CPU, events on a GPU. The queue never runs empty while it measures, so that what the host does meanwhile
 * falls into no sample. A short operation is called several times a sample, from a recording, which on a GPU is one graph.
 */
final class CaseTimer implements AutoCloseable {
    /** Twice the last-level cache where that is not known. */
    private static final long USUAL_ROTATION = 128L << 20;

    private static final int MOST_COPIES = 2048;
    /** A sample this long hides what two points in the queue cost, and on a GPU the launch of a graph. */
    private static final double LEAST_SAMPLE_MICROS = 500;
    /** Work that is enqueued ahead. */
    private static final double BATCH_MICROS = 20_000;

    private static final int MOST_IN_BATCH = 256;
    /** Longer samples need nothing that keeps the queue from running empty before them. */
    private static final double LONG_SAMPLE_MICROS = 20_000;

    private static final double WARM_UP_MICROS = 100_000;

    private final Backend backend;
    private final Method method;
    private final WorkArena work;
    /** Bytes that are twice as many as the cache holds. */
    private final long rotation;

    private final List<OpRun> copies = new ArrayList<>();
    private final List<Backend.Recording> recordings = new ArrayList<>();

    /** @param cacheBytes of the device's last-level cache, 0 if it is not known */
    CaseTimer(Backend backend, OpCase c, OpRun.Inputs inputs, Method method, long cacheBytes) {
        this.backend = backend;
        this.method = method;
        work = new WorkArena(backend);
        rotation = cacheBytes > 0 ? 2 * cacheBytes : USUAL_ROTATION;
        try {
            int count = method.mode() == CacheMode.COLD
                    ? (int) Math.clamp(Math.ceilDiv(rotation, c.footprint()), 1, MOST_COPIES)
                    : 1;
            for (int i = 0; i < count; i++) {
                copies.add(OpRun.prepare(backend, work.arena(), c, inputs));
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

    /** Measures. */
    Timings run(BooleanSupplier cancelled) {
        double micros = warmUp(cancelled);
        List<Group> groups = groups(micros);
        Backend.Recording flush = method.mode() == CacheMode.FLUSHED ? flush() : null;
        double sample = micros * groups.getFirst().calls();
        int batch = (int) Math.clamp(BATCH_MICROS / sample, 1, MOST_IN_BATCH);
        List<Double> samples = new ArrayList<>();
        long start = System.nanoTime();
        int next = 0;
        Timings timings;
        do {
            stopIf(cancelled);
            if (sample < LONG_SAMPLE_MICROS) {
                groups.get(next % groups.size()).recording().replay();
                next++;
            }
            List<Backend.Mark> before = new ArrayList<>();
            List<Backend.Mark> after = new ArrayList<>();
            List<Integer> calls = new ArrayList<>();
            for (int i = 0; i < batch; i++, next++) {
                Group group = groups.get(next % groups.size());
                if (flush != null) {
                    flush.replay();
                }
                before.add(flush == null && i > 0 ? after.getLast() : backend.mark());
                group.recording().replay();
                after.add(backend.mark());
                calls.add(group.calls());
            }
            after.getLast().await();
            for (int i = 0; i < batch; i++) {
                double elapsed = after.get(i).millisSince(before.get(i)) * 1e3;
                samples.add(Math.max(elapsed, 1e-3) / calls.get(i));
            }
            timings = new Timings(
                    samples.stream().mapToDouble(Double::doubleValue).toArray());
        } while (!method.isEnough(timings, System.nanoTime() - start));
        return timings;
    }

    /** Runs all copies in turn until clocks and caches have settled; microseconds of a call. */
    private double warmUp(BooleanSupplier cancelled) {
        double spent = 0;
        double best = Double.POSITIVE_INFINITY;
        do {
            stopIf(cancelled);
            Backend.Mark start = backend.mark();
            copies.forEach(OpRun::enqueue);
            double round = backend.mark().millisSince(start) * 1e3;
            spent += Math.max(round, 1);
            best = Math.min(best, round / copies.size());
        } while (spent < Math.min(WARM_UP_MICROS, method.limit().toNanos() * 1e-3 / 4));
        return Math.max(best, 1e-3);
    }

    /** All copies in turn, in groups that take long enough for a sample; one copy, as often as that takes. */
    private List<Group> groups(double micros) {
        int calls = method.mode() == CacheMode.FLUSHED
                ? 1
                : (int) Math.clamp(Math.ceil(LEAST_SAMPLE_MICROS / micros), 1, 10_000);
        List<Group> groups = new ArrayList<>();
        if (calls >= copies.size()) {
            int rounds = Math.ceilDiv(calls, copies.size());
            groups.add(group(copies, rounds));
        } else {
            for (int from = 0; from < copies.size(); from += calls) {
                groups.add(group(copies.subList(from, Math.min(from + calls, copies.size())), 1));
            }
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
        Tensor from = zeros(rotation / 2);
        Tensor to = zeros(rotation);
        long half = from.shape().elements();
        Backend.Recording recording = backend.record(() -> {
            backend.ops().cast(from, to.rows(0, half));
            backend.ops().cast(from, to.rows(half, half));
        });
        recordings.add(recording);
        return recording;
    }

    private Tensor zeros(long bytes) {
        Tensor tensor = backend.allocate(work.arena(), DType.F32, Shape.of(bytes / 8 * 2));
        backend.write(tensor, MemorySegment.ofArray(new byte[Math.toIntExact(tensor.bytes())]));
        return tensor;
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
