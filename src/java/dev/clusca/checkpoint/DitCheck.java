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

/** Everything that may be wrong with a DiT's tensors, found in one pass and told in one error. */
final class DitCheck {
    private final Checkpoint weights;
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshaped = new ArrayList<>();
    private final List<String> wrongType = new ArrayList<>();
    private final List<String> notFinite = new ArrayList<>();
    private final List<String> unequal = new ArrayList<>();
    private final Set<String> known = new LinkedHashSet<>();

    private DitCheck(Checkpoint weights) {
        this.weights = weights;
    }

    static void run(Checkpoint weights, DitConfig config, DitNaming naming) {
        DitCheck check = new DitCheck(weights);
        DitTensors.of(config).forEach((name, shape) -> check.source(naming.source(name, config.depth()), shape));
        if (weights.names().contains(naming.positions())) {
            check.tensor(naming.positions(), DitTensors.positions(config));
        }
        check.report(naming);
    }

    private void source(DitNaming.Source source, Shape whole) {
        int parts = source.parts().size();
        Shape each = whole.withOuter(whole.dim(0) / parts);
        boolean good = true;
        for (String part : source.parts()) {
            good &= tensor(part, each);
        }
        for (String copy : source.copies()) {
            String first = source.parts().getFirst();
            if (tensor(copy, each) && good && !same(weights.tensor(first), weights.tensor(copy))) {
                unequal.add(quote(copy) + " differs from " + quote(first));
            }
        }
        if (good
                && source.parts().stream()
                                .map(part -> weights.tensor(part).dtype())
                                .distinct()
                                .count()
                        > 1) {
            wrongType.add(source.parts() + " have different dtypes");
        }
    }

    /** Whether the tensor is there with this shape and a floating-point type. */
    private boolean tensor(String name, Shape shape) {
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

    private static boolean same(Tensor a, Tensor b) {
        return a.dtype() == b.dtype() && a.memory().mismatch(b.memory()) == -1;
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

    private void report(DitNaming naming) {
        List<String> extra = weights.names().stream()
                .filter(name -> !known.contains(name))
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
            throw new CheckpointException(
                    weights.source() + " is not the DiT that its configuration describes (names as in "
                            + (naming.style() == DitNaming.Style.OFFICIAL ? "the official code" : "diffusers")
                            + (naming.prefix().isEmpty() ? "" : " behind " + quote(naming.prefix())) + "):" + message
                            + "\nCheck that config.json belongs to these weights; if it does, fetch the weights again.");
        }
    }
}
