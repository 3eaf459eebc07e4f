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
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/** Everything that may be wrong with a model's tensors, found in one pass and told in one error. */
final class TensorAudit {
    /** What one thread looks through at a time: 4 MiB, whole elements. */
    private static final long PART = 1 << 22;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint weights;
    private final boolean values;
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshaped = new ArrayList<>();
    private final List<String> wrongType = new ArrayList<>();
    private final List<String> notFinite = new ArrayList<>();
    private final List<String> unequal = new ArrayList<>();
    private final Set<String> known = new LinkedHashSet<>();

    /** @param values whether to look for NaN and infinity, which reads every tensor */
    TensorAudit(Checkpoint weights, boolean values) {
        this.weights = weights;
        this.values = values;
    }

    /**
     * Checks names, shapes and types; the values too if these are wrong, so that all is told at once.
     *
     * @param check makes an audit and reports it, with or without values
     */
    static void structure(Consumer<Boolean> check) {
        try {
            check.accept(false);
        } catch (CheckpointException e) {
            check.accept(true);
            throw e;
        }
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
        if (values && !isFinite(tensor)) {
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

    /** Whether no element is NaN or infinite; of F64 as float32, which they become. */
    static boolean isFinite(Tensor tensor) {
        MemorySegment memory = tensor.memory();
        return switch (tensor.dtype()) {
            case F64 ->
                LongStream.range(0, tensor.shape().elements())
                        .parallel()
                        .allMatch(i -> Float.isFinite((float) memory.get(DOUBLE, i * Double.BYTES)));
            case F32 -> isFinite(memory, 0x7f8000007f800000L);
            case BF16 -> isFinite(memory, 0x7f807f807f807f80L);
            case F16 -> isFinite(memory, 0x7c007c007c007c00L);
            case I32, I64 -> true;
        };
    }

    /**
     * Whether no element has all bits of its exponent set, as infinities and NaNs do.
     *
     * @param exponents ones where the elements of a word have their exponents
     */
    private static boolean isFinite(MemorySegment memory, long exponents) {
        return LongStream.range(0, Math.ceilDiv(memory.byteSize(), PART))
                .parallel()
                .allMatch(part -> isFinitePart(
                        memory.asSlice(part * PART, Math.min(PART, memory.byteSize() - part * PART)), exponents));
    }

    /**
     * The same of all elements in each word of 64 bits at once. One added to an exponent that is all ones carries into the sign, which was masked out before.
     */
    private static boolean isFinitePart(MemorySegment memory, long exponents) {
        long ones = exponents & ~(exponents << 1);
        long carried = 0;
        long whole = memory.byteSize() / Long.BYTES * Long.BYTES;
        for (long at = 0; at < whole; at += Long.BYTES) {
            carried |= (memory.get(WORD, at) & exponents) + ones;
        }
        if (whole < memory.byteSize()) {
            byte[] rest = new byte[Long.BYTES];
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, whole, rest, 0, (int) (memory.byteSize() - whole));
            carried |= (MemorySegment.ofArray(rest).get(WORD, 0) & exponents) + ones;
        }
        long signs = ~exponents & (exponents << 1);
        return (carried & signs) == 0;
    }
}
