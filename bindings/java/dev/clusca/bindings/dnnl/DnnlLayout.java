package dev.clusca.bindings.dnnl;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A oneDNN memory descriptor: element type, extents, and where each element lies. */
public final class DnnlLayout implements AutoCloseable {
    private final MemorySegment descriptor;
    private boolean closed;

    private DnnlLayout(MemorySegment descriptor) {
        this.descriptor = descriptor;
    }

    /** Element {@code (i, j, ..)} lies at {@code i * strides[0] + j * strides[1] + ..}, counted in elements. */
    public static DnnlLayout strided(DnnlType type, long[] extents, long[] strides) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, extents);
            MemorySegment steps = arena.allocateFrom(JAVA_LONG, strides);
            return new DnnlLayout(DnnlEngine.created(
                    "dnnl_memory_desc_create_with_strides",
                    type + Arrays.toString(extents),
                    out -> OneDnn.dnnl_memory_desc_create_with_strides(out, extents.length, dims, type.code(), steps)));
        }
    }

    /** Row-major. */
    public static DnnlLayout dense(DnnlType type, long... extents) {
        long[] strides = new long[extents.length];
        long stride = 1;
        for (int i = extents.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= extents[i];
        }
        return strided(type, extents, strides);
    }

    /** As the primitive that is made with it likes best; ask that primitive for the layout it chose. */
    public static DnnlLayout any(DnnlType type, long... extents) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, extents);
            return new DnnlLayout(DnnlEngine.created(
                    "dnnl_memory_desc_create_with_tag",
                    type + Arrays.toString(extents),
                    out -> OneDnn.dnnl_memory_desc_create_with_tag(
                            out, extents.length, dims, type.code(), OneDnn.dnnl_format_tag_any())));
        }
    }

    /** An equal layout with a life of its own. */
    public DnnlLayout copy() {
        return copyOf(descriptor);
    }

    static DnnlLayout copyOf(MemorySegment descriptor) {
        return new DnnlLayout(DnnlEngine.created(
                "dnnl_memory_desc_clone", "a layout", out -> OneDnn.dnnl_memory_desc_clone(out, descriptor)));
    }

    /** Bytes of memory that this layout spans. */
    public long bytes() {
        return OneDnn.dnnl_memory_desc_get_size(descriptor);
    }

    MemorySegment descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            OneDnn.dnnl_memory_desc_destroy(descriptor);
        }
    }
}
