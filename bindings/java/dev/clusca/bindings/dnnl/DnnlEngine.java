package dev.clusca.bindings.dnnl;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.clusca.bindings.OneDnnLibrary;
import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** oneDNN's engine for the CPU, with one stream. */
public final class DnnlEngine implements AutoCloseable {
    private final MemorySegment engine;
    private final MemorySegment stream;
    private boolean closed;

    /** @throws dev.clusca.bindings.NativeUnavailableException if oneDNN cannot be loaded */
    public DnnlEngine() {
        OneDnnLibrary.gate().ensureAvailable();
        engine = created("dnnl_engine_create", "the CPU", out -> OneDnn.dnnl_engine_create(out, OneDnn.dnnl_cpu(), 0));
        stream = created(
                "dnnl_stream_create",
                "the CPU",
                out -> OneDnn.dnnl_stream_create(out, engine, OneDnn.dnnl_stream_in_order()));
    }

    MemorySegment handle() {
        return engine;
    }

    MemorySegment stream() {
        return stream;
    }

    /** A function that writes a new object's handle to where it is told. */
    interface Creator {
        int create(MemorySegment out);
    }

    static MemorySegment created(String function, String purpose, Creator creator) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            DnnlException.check(creator.create(out), function, purpose);
            return out.get(ADDRESS, 0);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            OneDnn.dnnl_stream_destroy(stream);
            OneDnn.dnnl_engine_destroy(engine);
        }
    }
}
