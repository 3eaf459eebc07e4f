package dev.clusca.backend;

import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory that a recording's operations use. Once the arena of some of it was closed, a replay would read and write what others keep there by then; so such a replay is refused.
 */
final class RecordedMemory {
    /** Of each arena, the tensor that is named if it is closed. */
    private final Map<Scope, Tensor> tensors = new LinkedHashMap<>();

    void add(Tensor tensor) {
        tensors.putIfAbsent(tensor.scope(), tensor);
    }

    /** The recording, which asks before each replay. */
    Backend.Recording guard(Backend.Recording recording) {
        Tensor[] used = tensors.values().toArray(Tensor[]::new);
        return new Backend.Recording() {
            @Override
            public void replay() {
                for (Tensor tensor : used) {
                    if (!tensor.scope().isAlive()) {
                        throw new IllegalStateException(
                                "a recording uses " + tensor
                                        + ", whose arena was closed; keep the arena open for as long as the recording is in use");
                    }
                }
                recording.replay();
            }

            @Override
            public List<KernelUse> kernels() {
                return recording.kernels();
            }

            @Override
            public void close() {
                recording.close();
            }
        };
    }
}
