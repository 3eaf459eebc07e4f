package dev.clusca.bindings.dnnl;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.MemorySegment;

/** A copy from one layout to another, converting between types by rounding to nearest even. */
public final class DnnlReorder {
    private DnnlReorder() {}

    public static void run(DnnlEngine engine, DnnlLayout from, long source, DnnlLayout to, long target) {
        String purpose = "a reorder of " + from.bytes() + " bytes";
        MemorySegment description = DnnlEngine.created(
                "dnnl_reorder_primitive_desc_create",
                purpose,
                out -> OneDnn.dnnl_reorder_primitive_desc_create(
                        out, from.descriptor(), engine.handle(), to.descriptor(), engine.handle(), MemorySegment.NULL));
        try (DnnlPrimitive primitive = new DnnlPrimitive(
                engine,
                purpose,
                description,
                new int[] {OneDnn.DNNL_ARG_SRC_0(), OneDnn.DNNL_ARG_DST_0()},
                new DnnlLayout[] {from, to})) {
            primitive.run(source, target);
        } finally {
            OneDnn.dnnl_primitive_desc_destroy(description);
        }
    }
}
