package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Ops;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** The reference backend with a fault in its operations. It knows the memory around each tensor, so a fault can write where it must not. */
final class FaultyBackend extends ForwardingBackend {
    private final Ops ops;
    private final List<Tensor> allocated = new ArrayList<>();

    /** @param fault makes the faulty operations from the right ones */
    FaultyBackend(Backend right, BiFunction<Ops, FaultyBackend, Ops> fault) {
        super(right);
        this.ops = fault.apply(right.ops(), this);
    }

    /** The bytes from {@code offset} after a tensor's first on, out of the buffer that the tensor lies in. */
    MemorySegment around(Tensor tensor, long offset, long bytes) {
        Tensor whole = allocated.reversed().stream()
                .filter(t -> t.overlaps(tensor))
                .findFirst()
                .orElseThrow();
        return whole.memory().asSlice(tensor.address() - whole.address() + offset, bytes);
    }

    @Override
    public String name() {
        return "faulty";
    }

    @Override
    public String description() {
        return "the reference backend with a planted fault";
    }

    @Override
    public Ops ops() {
        return ops;
    }

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        Tensor tensor = super.allocate(arena, dtype, shape);
        allocated.removeIf(t -> !isAlive(t));
        allocated.add(tensor);
        return tensor;
    }

    private static boolean isAlive(Tensor tensor) {
        try {
            return tensor.address() != 0;
        } catch (IllegalStateException e) {
            return false;
        }
    }
}
