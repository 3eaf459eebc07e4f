package dev.clusca.checkpoint;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** A checkpoint's tensors as a model takes them: looked through for NaN and infinity, in a type that is computed in, and whole where the file keeps them in parts. */
final class StoredTensors {
    private final Checkpoint weights;
    private final Supplier<List<String>> all;
    private final Runnable tellNotFinite;
    private final Set<String> finite = ConcurrentHashMap.newKeySet();

    /**
     * @param all names of the stored tensors in the order in which a model takes them; read ahead when the first is looked at
     * @param tellNotFinite throws an error that names all tensors that hold NaN or infinity
     */
    StoredTensors(Checkpoint weights, Supplier<List<String>> all, Runnable tellNotFinite) {
        this.weights = weights;
        this.all = all;
        this.tellNotFinite = tellNotFinite;
    }

    /** F32 or BF16 as stored, F16 and F64 converted to F32. Without conversion and of one part it is a view of the file. */
    Tensor tensor(List<String> parts) {
        if (finite.isEmpty()) {
            weights.readAhead(all.get());
        }
        List<Tensor> tensors =
                parts.stream().map(this::checked).map(StoredTensors::computable).toList();
        // Freed with the tensor: a loader copies it to the device and lets it go.
        return tensors.size() == 1 ? tensors.getFirst() : Elements.concatenate(tensors, Arena.ofAuto());
    }

    private Tensor checked(String stored) {
        Tensor tensor = weights.tensor(stored);
        if (!finite.contains(stored)) {
            if (!TensorAudit.isFinite(tensor)) {
                tellNotFinite.run();
            }
            finite.add(stored);
        }
        return tensor;
    }

    private static Tensor computable(Tensor stored) {
        return stored.dtype().isCompute()
                ? stored
                : Tensor.of(MemorySegment.ofArray(Elements.floats(stored)), DType.F32, stored.shape());
    }
}
