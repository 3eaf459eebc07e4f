package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Everything that may be wrong with a model's tensors, found in one pass and told in one error. */
final class TensorAudit {
    private final Checkpoint weights;
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshaped = new ArrayList<>();
    private final List<String> wrongType = new ArrayList<>();
    private final List<String> notFinite = new ArrayList<>();
    private final List<String> unequal = new ArrayList<>();
    private final Set<String> known = new LinkedHashSet<>();

    TensorAudit(Checkpoint weights) {
        this.weights = weights;
    }

    /** Whether the tensor is there with this shape and a floating-point type; notes it if not, or if it is not finite. */
    boolean tensor(String name, Shape shape) {
        known.add(name);
        if (!weights.names().contains(name)) {
            missing.add(quote(name) + " " + shape);
            return false;
        }
        if (!weights.shape(name).equals(shape)) {
            misshaped.add(quote(name) + " is " + weights.shape(name) + ", expected " + shape);
            return false;
        }
        Tensor tensor;
        try {
            tensor = weights.tensor(name);
        } catch (CheckpointException e) {
            wrongType.add(e.getMessage());
            return false;
        }
        if (tensor.dtype() == DType.I32 || tensor.dtype() == DType.I64) {
            wrongType.add(quote(name) + " is " + tensor.dtype() + ", expected floating-point numbers");
            return false;
        }
        if (!isFinite(tensor)) {
            notFinite.add(quote(name));
        }
        return true;
    }

    /** Notes a wrong type. */
    void wrongType(String sentence) {
        wrongType.add(sentence);
    }

    /** Notes two tensors, both there, that should be equal, if they are not. */
    void equal(String name, String copy) {
        Tensor a = weights.tensor(name);
        Tensor b = weights.tensor(copy);
        if (a.dtype() != b.dtype() || a.memory().mismatch(b.memory()) != -1) {
            unequal.add(quote(copy) + " differs from " + quote(name));
        }
    }

    /**
     * Throws if anything was noted, or there are tensors that were never asked for.
     *
     * @param sentence what the checkpoint is not
     * @param mayBeThere names of tensors that need not be asked for
     */
    void report(String sentence, Predicate<String> mayBeThere) {
        List<String> extra = weights.names().stream()
                .filter(name -> !known.contains(name) && !mayBeThere.test(name))
                .map(CheckpointException::quote)
                .toList();
        Map<String, List<String>> kinds = new LinkedHashMap<>();
        kinds.put("missing", missing);
        kinds.put("extra", extra);
        kinds.put("of another shape", misshaped);
        kinds.put("of another type", wrongType);
        kinds.put("holding NaN or infinity", notFinite);
        kinds.put("unequal copies", unequal);
        StringBuilder message = new StringBuilder();
        kinds.forEach((kind, tensors) -> {
            if (!tensors.isEmpty()) {
                message.append("\n  ")
                        .append(kind)
                        .append(" (")
                        .append(tensors.size())
                        .append("): ")
                        .append(String.join("; ", tensors));
            }
        });
        if (!message.isEmpty()) {
            throw new CheckpointException(sentence + ":" + message
                    + "\nCheck that config.json belongs to these weights; if it does, fetch the weights again.");
        }
    }

    /** Whether no element has all bits of its exponent set, as infinities and NaNs do. */
    private static boolean isFinite(Tensor tensor) {
        MemorySegment memory = tensor.memory();
        long bytes = memory.byteSize();
        boolean found = false;
        switch (tensor.dtype()) {
            case F32 -> {
                ValueLayout.OfInt layout = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                for (long at = 0; at < bytes; at += 4) {
                    found |= (memory.get(layout, at) & 0x7f800000) == 0x7f800000;
                }
            }
            case BF16, F16 -> {
                ValueLayout.OfShort layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                int exponent = tensor.dtype() == DType.BF16 ? 0x7f80 : 0x7c00;
                for (long at = 0; at < bytes; at += 2) {
                    found |= (memory.get(layout, at) & exponent) == exponent;
                }
            }
            case F64 -> {
                ValueLayout.OfLong layout = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
                for (long at = 0; at < bytes; at += 8) {
                    found |= (memory.get(layout, at) & 0x7ff0000000000000L) == 0x7ff0000000000000L;
                }
            }
            case I32, I64 -> {}
        }
        return !found;
    }
}
