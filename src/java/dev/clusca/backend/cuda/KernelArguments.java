package dev.clusca.backend.cuda;

import dev.clusca.backend.cuda.KernelParameter.Form;
import dev.clusca.backend.cuda.driver.TensorMapSpec;
import dev.clusca.bindings.driver.ParameterMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
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

    private final ParameterMemory memory;
    private int next;

    KernelArguments(String kernel, List<KernelParameter> parameters) {
        this.kernel = kernel;
        this.parameters = parameters.toArray(KernelParameter[]::new);
        this.elements = parameters.stream().map(p -> p.elements().orElse(null)).toArray(DType[]::new);
        this.places = parameters.stream()
                .mapToInt(p -> p.offset() << FORM_BITS | p.form().ordinal())
                .toArray();
        this.memory = new ParameterMemory(
                parameters.isEmpty()
                        ? 0
                        : parameters.getLast().offset() + parameters.getLast().size(),
                parameters.stream().mapToInt(KernelParameter::offset).toArray());
    }

    /** The addresses of the arguments. */
    MemorySegment table() {
        return memory.table();
    }

    /** Begins with the first parameter again. */
    KernelArguments begin() {
        next = 0;
        return this;
    }

    /** A pointer to a tensor, whose type must be that of the kernel's elements. */
    public KernelArguments tensor(Tensor tensor) {
        DType expected = next < elements.length ? elements[next] : null;
        if (tensor == null || expected != tensor.dtype()) {
            throw wrong("the tensor " + tensor);
        }
        return pointer(tensor.address());
    }

    /** A device address; 0 for none, where the kernel allows it. */
    public KernelArguments pointer(long address) {
        memory.putLong(place(Form.POINTER), address);
        return this;
    }

    /** A pointer to a tensor of any type; 0 for none, where the kernel allows it. */
    public KernelArguments optional(@Nullable Tensor tensor) {
        return pointer(tensor == null ? 0 : tensor.address());
    }

    /** An {@code s32} or {@code u32}. */
    public KernelArguments int32(int value) {
        memory.putInt(place(Form.INT32), value);
        return this;
    }

    /** An {@code s64} or {@code u64}. */
    public KernelArguments int64(long value) {
        memory.putLong(place(Form.INT64), value);
        return this;
    }

    /** An {@code f32}. */
    public KernelArguments float32(float value) {
        memory.putFloat(place(Form.FLOAT32), value);
        return this;
    }

    /** A tensor map, passed by value. */
    public KernelArguments tensorMap(MemorySegment descriptor) {
        memory.put(place(Form.TENSOR_MAP), descriptor, TensorMapSpec.BYTES);
        return this;
    }

    /** A struct of 64-bit words, passed by value: the first of them, of which there may be fewer than it has. */
    public KernelArguments words(long... values) {
        if (next < parameters.length && values.length > parameters[next].size() / Long.BYTES) {
            throw wrong("a struct of " + values.length + " words");
        }
        int offset = place(Form.WORDS);
        for (int i = 0; i < values.length; i++) {
            memory.putLong(offset + i * Long.BYTES, values[i]);
        }
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
