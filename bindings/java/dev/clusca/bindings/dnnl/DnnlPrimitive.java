package dev.clusca.bindings.dnnl;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A primitive, ready to run, with one memory object for each of its arguments. */
final class DnnlPrimitive implements AutoCloseable {
    /** {@code dnnl_exec_arg_t}: an int, four bytes of padding, a pointer. */
    private static final int ARGUMENT_BYTES = 16;

    private static final int ARGUMENT_MEMORY = 8;

    private final DnnlEngine engine;
    private final String purpose;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment primitive;
    private final MemorySegment[] memories;
    private final MemorySegment arguments;

    /**
     * @param description a primitive descriptor; not kept
     * @param kinds {@code DNNL_ARG_..} of each argument
     * @param layouts of each argument
     */
    DnnlPrimitive(DnnlEngine engine, String purpose, MemorySegment description, int[] kinds, DnnlLayout[] layouts) {
        this.engine = engine;
        this.purpose = purpose;
        primitive = DnnlEngine.created(
                "dnnl_primitive_create", purpose, out -> OneDnn.dnnl_primitive_create(out, description));
        memories = new MemorySegment[kinds.length];
        arguments = arena.allocate((long) kinds.length * ARGUMENT_BYTES, ADDRESS.byteAlignment());
        for (int i = 0; i < kinds.length; i++) {
            DnnlLayout layout = layouts[i];
            memories[i] = DnnlEngine.created(
                    "dnnl_memory_create",
                    purpose,
                    out -> OneDnn.dnnl_memory_create(out, layout.descriptor(), engine.handle(), MemorySegment.NULL));
            arguments.set(JAVA_INT, (long) i * ARGUMENT_BYTES, kinds[i]);
            arguments.set(ADDRESS, (long) i * ARGUMENT_BYTES + ARGUMENT_MEMORY, memories[i]);
        }
    }

    /** Runs on arguments at these addresses, in the order of the constructor; returns when done. */
    void run(long... addresses) {
        for (int i = 0; i < memories.length; i++) {
            DnnlException.check(
                    OneDnn.dnnl_memory_set_data_handle(memories[i], MemorySegment.ofAddress(addresses[i])),
                    "dnnl_memory_set_data_handle",
                    purpose);
        }
        DnnlException.check(
                OneDnn.dnnl_primitive_execute(primitive, engine.stream(), memories.length, arguments),
                "dnnl_primitive_execute",
                purpose);
        DnnlException.check(OneDnn.dnnl_stream_wait(engine.stream()), "dnnl_stream_wait", purpose);
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            for (MemorySegment memory : memories) {
                OneDnn.dnnl_memory_destroy(memory);
            }
            OneDnn.dnnl_primitive_destroy(primitive);
            arena.close();
        }
    }
}
