package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What golden cases run on.
 *
 * @param backend the candidate
 * @param reference the oracle for BF16; may be the candidate itself
 * @param home the installation, where trained models lie; null if unknown
 * @param large whether cases that take minutes run too
 * @param notes takes a line when something slow begins
 * @param cancelled asked between sampling steps whether to stop
 */
record GoldenContext(
        Backend backend,
        Backend reference,
        @Nullable Path home,
        boolean large,
        Consumer<String> notes,
        BooleanSupplier cancelled) {

    Tensor upload(Arena arena, float[] values, Shape shape) {
        return backend.upload(arena, values, shape);
    }

    Tensor upload(Arena arena, int[] values, Shape shape) {
        return backend.upload(arena, values, shape);
    }

    /** An F32 tensor's numbers. */
    float[] floats(Tensor tensor) {
        float[] v = new float[Math.toIntExact(tensor.shape().elements())];
        backend.read(tensor, MemorySegment.ofArray(v));
        return v;
    }

    /** An I32 tensor's numbers. */
    int[] ints(Tensor tensor) {
        int[] v = new int[Math.toIntExact(tensor.shape().elements())];
        backend.read(tensor, MemorySegment.ofArray(v));
        return v;
    }
}
