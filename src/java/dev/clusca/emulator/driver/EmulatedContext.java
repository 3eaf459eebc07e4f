package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.emulator.memory.DeviceMemory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A context: its streams and the order between them, the work that waits, the memory and modules that end with it, and the error that stays
 * once a kernel failed.
 */
final class EmulatedContext {
    private final Consumer<DriverFailure> onFault;
    private final WorkQueue queue;
    private final EmulatedStream legacy = new EmulatedStream(this, Cuda.CU_STREAM_DEFAULT(), 0, 1);
    private final Map<Thread, EmulatedStream> perThread = new HashMap<>();
    private final Map<Long, EmulatedStream> created = new LinkedHashMap<>();
    private final HostBuffers hostBuffers = new HostBuffers();
    private final Set<Long> allocations = new TreeSet<>();
    private final Set<Long> modules = new LinkedHashSet<>();
    private final Map<Integer, Long> limits = new HashMap<>();
    private int flags;
    private long nextStreamId = 2;
    private @Nullable DriverFailure sticky;

    EmulatedContext(long seed, int flags, Consumer<DriverFailure> onFault) {
        this.queue = new WorkQueue(seed);
        this.flags = flags;
        this.onFault = onFault;
    }

    int flags() {
        return flags;
    }

    void setFlags(int newFlags) {
        flags = newFlags;
    }

    WorkQueue queue() {
        return queue;
    }

    HostBuffers hostBuffers() {
        return hostBuffers;
    }

    /** Addresses of the device memory that was allocated here and not freed. */
    Set<Long> allocations() {
        return allocations;
    }

    void free(DeviceMemory memory, long address) {
        memory.free(address);
        allocations.remove(address);
    }

    /** Handles of the modules that were loaded here and not unloaded. */
    Set<Long> modules() {
        return modules;
    }

    /** Limits that the program set, by {@code CUlimit}. */
    Map<Integer, Long> limits() {
        return limits;
    }

    /** Ends the call when an earlier kernel failed. */
    void requireSound() {
        if (sticky != null) {
            throw sticky;
        }
    }

    /** The stream behind a handle: null and 1 for the legacy stream, 2 for this thread's own. */
    EmulatedStream stream(long handle) {
        if (handle == 0 || handle == 1) {
            return legacy;
        }
        if (handle == 2) {
            return perThread.computeIfAbsent(
                    Thread.currentThread(), _ -> new EmulatedStream(this, Cuda.CU_STREAM_DEFAULT(), 0, nextStreamId++));
        }
        EmulatedStream stream = created.get(handle);
        if (stream == null) {
            throw new DriverFailure(
                    Result.INVALID_HANDLE,
                    "found 0x" + Long.toHexString(handle) + "; expected a living stream of the current context");
        }
        return stream;
    }

    EmulatedStream legacyStream() {
        return legacy;
    }

    /** Creates a stream and gives its handle. */
    long createStream(Handles handles, int streamFlags, int priority) {
        EmulatedStream stream = new EmulatedStream(this, streamFlags, priority, nextStreamId++);
        long handle = handles.add(stream);
        created.put(handle, stream);
        return handle;
    }

    /** Ends a stream; its work runs all the same. */
    void destroyStream(long handle) {
        EmulatedStream stream = stream(handle);
        if (stream != created.remove(handle)) {
            throw new DriverFailure(Result.INVALID_HANDLE, "the default streams cannot be destroyed");
        }
        Capture capture = stream.capture();
        if (capture != null) {
            capture.invalidate();
        }
    }

    /** Enqueues an operation in a stream, or adds it to what the stream captures. */
    void enqueue(EmulatedStream stream, Operation operation) {
        Capture capture = stream.capture();
        if (capture != null) {
            capture.add(stream, operation);
        } else {
            submit(stream, operation, List.of());
        }
    }

    /** Enqueues an operation in a stream that is not captured. */
    Work submit(EmulatedStream stream, Operation operation) {
        return submit(stream, operation, List.of());
    }

    /** The same, to wait for one more piece of work. */
    Work submit(EmulatedStream stream, Operation operation, Work alsoAfter) {
        return submit(stream, operation, List.of(alsoAfter));
    }

    /** Enqueues an operation in a stream that is not captured, to wait for more than the stream's own order asks for. */
    Work submit(EmulatedStream stream, Operation operation, Collection<Work> alsoAfter) {
        requireNoImplicitDependency(stream);
        List<Work> after = new ArrayList<>(alsoAfter);
        if (stream == legacy) {
            unfinished(legacy).forEach(after::add);
        } else {
            addIfAny(stream.last(), after);
            if (stream.isBlocking()) {
                addIfAny(legacy.last(), after);
            }
        }
        Work work = queue.submit(operation::run, after);
        stream.setLast(work);
        return work;
    }

    private static void addIfAny(@Nullable Work work, List<Work> to) {
        if (work != null) {
            to.add(work);
        }
    }

    /** Runs work until a stream has none left; the legacy stream's is all blocking streams' work. */
    void synchronize(EmulatedStream stream) {
        unfinished(stream).toList().forEach(this::finish);
    }

    boolean isIdle(EmulatedStream stream) {
        return unfinished(stream).findAny().isEmpty();
    }

    private Stream<Work> unfinished(EmulatedStream stream) {
        Stream<EmulatedStream> streams =
                stream == legacy ? everyStream().filter(EmulatedStream::isBlocking) : Stream.of(stream);
        return streams.map(EmulatedStream::last).filter(Objects::nonNull);
    }

    /** Runs work until this piece is done. */
    void finish(Work work) {
        running(() -> queue.finish(work));
    }

    /** Runs all work. */
    void synchronize() {
        running(queue::finishAll);
    }

    /** Runs a little, for a program that polls. */
    void progress() {
        running(queue::progress);
    }

    /** What goes wrong while work runs is the context's end: every later call fails with the same result. */
    private void running(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            queue.abandon();
            DriverFailure failure = Faults.explain(e);
            sticky = failure;
            onFault.accept(failure);
            throw failure;
        }
    }

    /** Captures in progress in this context. */
    Set<Capture> captures() {
        Set<Capture> captures = new LinkedHashSet<>();
        everyStream().map(EmulatedStream::capture).filter(Objects::nonNull).forEach(captures::add);
        return captures;
    }

    /** The legacy stream waits for every blocking stream, so touching it would tie work outside of a capture to the capture. */
    void requireNoImplicitDependency(EmulatedStream stream) {
        if (stream != legacy) {
            return;
        }
        everyStream().filter(EmulatedStream::isBlocking).forEach(blocking -> {
            Capture capture = blocking.capture();
            if (capture != null) {
                throw capture.refuse(Result.STREAM_CAPTURE_IMPLICIT, "the legacy stream was used");
            }
        });
    }

    private Stream<EmulatedStream> everyStream() {
        return Stream.of(List.of(legacy), perThread.values(), created.values()).flatMap(Collection::stream);
    }
}
