package dev.clusca.backend.cuda;

import dev.clusca.backend.Backend;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/** Gives marks, whose events are used again once nobody holds the mark. */
final class Marks implements AutoCloseable {
    private final CudaQueue queue;
    private final ReferenceQueue<Mark> dropped = new ReferenceQueue<>();
    private final Set<Held> held = new HashSet<>();
    private final Deque<CudaEvent> idle = new ArrayDeque<>();

    /** The event of a mark that somebody may hold. */
    private static final class Held extends PhantomReference<Mark> {
        private final CudaEvent event;

        Held(Mark mark, CudaEvent event, ReferenceQueue<Mark> dropped) {
            super(mark, dropped);
            this.event = event;
        }
    }

    private static final class Mark implements Backend.Mark {
        private final CudaQueue queue;
        private final CudaEvent event;

        Mark(CudaQueue queue, CudaEvent event) {
            this.queue = queue;
            this.event = event;
        }

        @Override
        public void await() {
            queue.submit("the wait for a mark", () -> {
                queue.requireNoCapture("a wait", "wait after the capture");
                event.synchronize();
            });
        }

        @Override
        public double millisSince(Backend.Mark earlier) {
            if (!(earlier instanceof Mark other) || other.queue != queue) {
                throw new IllegalArgumentException(
                        "the earlier mark is of another backend; compare marks of one backend");
            }
            await();
            other.await();
            double[] millis = new double[1];
            queue.submit("the time between marks", () -> millis[0] = event.millisSince(other.event));
            return millis[0];
        }
    }

    Marks(CudaQueue queue) {
        this.queue = queue;
    }

    /** The context must be current. */
    Backend.Mark mark() {
        queue.requireNoCapture("a mark", "mark before and after the launch of the graph");
        for (Reference<? extends Mark> reference = dropped.poll(); reference != null; reference = dropped.poll()) {
            Held free = (Held) reference;
            held.remove(free);
            idle.push(free.event);
        }
        CudaEvent event = idle.isEmpty() ? queue.context().event(true) : idle.pop();
        event.record(queue.stream());
        Mark mark = new Mark(queue, event);
        held.add(new Held(mark, event, dropped));
        return mark;
    }

    @Override
    public void close() {
        idle.forEach(CudaEvent::close);
        held.forEach(mark -> mark.event.close());
    }
}
