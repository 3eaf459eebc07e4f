package dev.clusca.backend;

import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory that a recording's operations use; also those that were refused, and the refusal caught, while it was made. Once the arena of some of it was closed, a replay would read and write what others
 * keep there by then; so such a replay is refused.
 */
final class RecordedMemory {
    /** Of each arena, what is named if it is closed. */
    private final Map<Scope, String> names = new LinkedHashMap<>();

    private final Thread recording = Thread.currentThread();

    void add(Tensor tensor) {
        if (isMine()) {
            names.computeIfAbsent(tensor.scope(), _ -> tensor.toString());
        }
    }

    void add(Linear layer, Tensor weights) {
        if (isMine()) {
            names.computeIfAbsent(weights.scope(), _ -> name(layer));
        }
    }

    /** What another thread does is no part of the recording, and its backend refuses it. */
    private boolean isMine() {
        return Thread.currentThread() == recording;
    }

    /** What to call a layer in a sentence. */
    static String name(Linear layer) {
        return "a layer of " + layer.inputs() + " inputs and " + layer.outputs() + " outputs";
    }

    /** The recording, which asks before each replay. */
    Backend.Recording guard(Backend.Recording recorded) {
        Scope[] scopes = names.keySet().toArray(Scope[]::new);
        return new Backend.Recording() {
            private boolean closed;

            @Override
            public void replay() {
                for (int i = 0; !closed && i < scopes.length; i++) {
                    if (!scopes[i].isAlive()) {
                        throw new IllegalStateException(
                                "a recording uses " + names.get(scopes[i])
                                        + ", whose arena was closed; keep the arena open for as long as the recording is in use");
                    }
                }
                recorded.replay();
            }

            @Override
            public List<KernelUse> kernels() {
                return recorded.kernels();
            }

            @Override
            public void close() {
                closed = true;
                recorded.close();
            }
        };
    }
}
