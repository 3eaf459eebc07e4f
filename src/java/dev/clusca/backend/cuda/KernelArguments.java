package dev.clusca.backend.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.clusca.backend.cuda.KernelParameter.Form;
import dev.clusca.backend.cuda.driver.TensorMapSpec;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a kernel in native memory, laid out once, with the table of their addresses that a launch takes. They are set in the order of the parameters, all of them, and stay for further
 * launches until they are set anew; each must be of its parameter's kind. Setting makes no garbage.
 */
public final class KernelArguments {
    private static final int FORM_BITS = 3;
    private static final int FORM_MASK = (1 << FORM_BITS) - 1;

    private final String kernel;
    private final KernelParameter[] parameters;
    private final @Nullable DType[] elements;

    /** Offset and form of each parameter in one number: comparing names of kinds would cost more than the launch. */
    private final int[] places;

    /** Every argument is aligned; layouts that do not ask spare the check, a third of the cost of setting one. */
    private final MemorySegment block;

    private final MemorySegment table;
    private int next;

    KernelArguments(String kernel, List<KernelParameter> parameters, Arena arena) {
        this.kernel = kernel;
        this.parameters = parameters.toArray(KernelParameter[]::new);
        this.elements = parameters.stream().map(p -> p.elements().orElse(null)).toArray(DType[]::new);
        this.places = parameters.stream()
                .mapToInt(p -> p.offset() << FORM_BITS | p.form().ordinal())
                .toArray();
        // Parameters of 128 bytes are descriptors, which lie at multiples of that.
        this.block = arena.allocate(bytes(parameters), TensorMapSpec.BYTES);
        this.table = arena.allocate(JAVA_LONG, Math.max(1, parameters.size()));
        for (int i = 0; i < this.parameters.length; i++) {
            table.setAtIndex(JAVA_LONG, i, block.address() + this.parameters[i].offset());
        }
    }

    private static long bytes(List<KernelParameter> parameters) {
        return parameters.isEmpty()
                ? 1
                : parameters.getLast().offset() + parameters.getLast().size();
    }

    /** The addresses of the arguments. */
    MemorySegment table() {
        return table;
    }

    /** Begins with the first parameter again. */
    KernelArguments begin() {
        next = 0;
        return this;
    }

    /** A pointer to a tensor, whose type must be that of the kernel's elements. */
    public KernelArguments tensor(Tensor tensor) {
        DType expected = next < elements.length ? elements[next] : null;
        if (expected != tensor.dtype()) {
            throw wrong("the tensor " + tensor);
        }
        return pointer(tensor.address());
    }

    /** A device address; 0 for none, where the kernel allows it. */
    public KernelArguments pointer(long address) {
        block.set(JAVA_LONG_UNALIGNED, place(Form.POINTER), address);
        return this;
    }

    /** An {@code s32} or {@code u32}. */
    public KernelArguments int32(int value) {
        block.set(JAVA_INT_UNALIGNED, place(Form.INT32), value);
        return this;
    }

    /** An {@code s64} or {@code u64}. */
    public KernelArguments int64(long value) {
        block.set(JAVA_LONG_UNALIGNED, place(Form.INT64), value);
        return this;
    }

    /** An {@code f32}. */
    public KernelArguments float32(float value) {
        block.set(JAVA_FLOAT_UNALIGNED, place(Form.FLOAT32), value);
        return this;
    }

    /** A tensor map, passed by value. */
    public KernelArguments tensorMap(MemorySegment descriptor) {
        MemorySegment.copy(descriptor, 0, block, place(Form.TENSOR_MAP), TensorMapSpec.BYTES);
        return this;
    }

    /** The offset of the next parameter, which must be of this form. */
    private int place(Form given) {
        int at = next;
        if (at >= places.length || (places[at] & FORM_MASK) != given.ordinal()) {
            throw wrong(given.meaning());
        }
        next = at + 1;
        return places[at] >> FORM_BITS;
    }

    /** Returns if all arguments are set. */
    void complete() {
        if (next != parameters.length) {
            throw new IllegalStateException("kernel " + kernel + " was launched with " + next + " of "
                    + parameters.length + " arguments; set " + parameters[next] + " and those after it first");
        }
    }

    private IllegalArgumentException wrong(String given) {
        String expected = next < parameters.length
                ? "expected " + parameters[next] + ", parameter " + next
                : "expected no more than " + parameters.length + " arguments";
        // What comes next must not be taken for the rest of this launch.
        next = 0;
        return new IllegalArgumentException("kernel " + kernel + " was given " + given + "; " + expected);
    }
}
