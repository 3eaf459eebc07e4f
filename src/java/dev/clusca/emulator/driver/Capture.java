package dev.clusca.emulator.driver;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A capture in progress: the graph so far, and the streams that take part. */
final class Capture {
    private final EmulatedStream origin;
    private final CaptureMode mode;
    private final Thread thread;
    private final EmulatedGraph graph;
    /** Of each stream that takes part, the nodes that its next node waits for. */
    private final Map<EmulatedStream, Set<GraphNode>> frontiers = new HashMap<>();

    private boolean invalid;
    private boolean ended;

    Capture(EmulatedStream origin, CaptureMode mode, EmulatedGraph graph) {
        this.origin = origin;
        this.mode = mode;
        this.thread = Thread.currentThread();
        this.graph = graph;
    }

    EmulatedStream origin() {
        return origin;
    }

    CaptureMode mode() {
        return mode;
    }

    boolean isOfThisThread() {
        return thread == Thread.currentThread();
    }

    EmulatedGraph graph() {
        return graph;
    }

    boolean isInvalid() {
        return invalid;
    }

    void invalidate() {
        invalid = true;
    }

    /** Invalidates the capture and ends the call. */
    DriverFailure refuse(Result result, String what) {
        invalidate();
        return new DriverFailure(
                result,
                what
                        + " while a stream is being captured; the capture is now invalid. Move it before or after the capture");
    }

    void requireValid() {
        if (invalid) {
            throw new DriverFailure(
                    Result.STREAM_CAPTURE_INVALIDATED,
                    "an earlier call invalidated this capture; end it and begin again");
        }
    }

    void add(EmulatedStream stream, Operation operation) {
        requireValid();
        frontiers.put(stream, Set.of(graph.add(operation, frontier(stream))));
    }

    /** The nodes after which the stream stands. */
    Set<GraphNode> frontier(EmulatedStream stream) {
        return frontiers.getOrDefault(stream, Set.of());
    }

    /** Makes a stream's next node wait for more nodes; a stream that took no part does from now on. */
    void join(EmulatedStream stream, Set<GraphNode> nodes) {
        Set<GraphNode> all = new HashSet<>(frontier(stream));
        all.addAll(nodes);
        frontiers.put(stream, all);
        stream.setCapture(this);
    }

    /** Lets all streams go. */
    void end() {
        ended = true;
        frontiers.keySet().forEach(stream -> stream.setCapture(null));
    }

    boolean hasEnded() {
        return ended;
    }

    /** Whether all that other streams did lies before where the first stream stands. */
    boolean isJoined() {
        Set<GraphNode> before = new HashSet<>();
        Deque<GraphNode> open = new ArrayDeque<>(frontier(origin));
        while (!open.isEmpty()) {
            GraphNode node = open.pop();
            if (before.add(node)) {
                open.addAll(node.after());
            }
        }
        return before.size() == graph.nodes().size();
    }
}
