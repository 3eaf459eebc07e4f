package dev.clusca.checkpoint;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;

/**
 * Named tensors on disk. The tensors are views of mapped files: nothing is read before it is used, nothing is copied, and they live until the checkpoint is closed.
 * A tensor may begin at any byte address, so readers use unaligned layouts.
 */
public interface Checkpoint extends AutoCloseable {
    /** What to call this checkpoint in messages: its file. */
    String source();

    /** The files that hold it, an index of shards among them; none if it does not lie in files. */
    List<Path> files();

    /** The names of all tensors, in the order of the header. */
    SequencedSet<String> names();

    /** The free texts that travel with the tensors ({@code __metadata__}). */
    Map<String, String> metadata();

    /**
     * The shape of a tensor, also of one whose dtype {@link #tensor} does not read.
     *
     * @throws CheckpointException if there is no tensor of this name
     */
    Shape shape(String name);

    /**
     * The dtype in which a tensor is stored, under the format's name, also one that {@link #tensor} does not read.
     *
     * @throws CheckpointException if there is no tensor of this name
     */
    String storedType(String name);

    /**
     * Bytes that a tensor takes.
     *
     * @throws CheckpointException if there is no tensor of this name
     */
    long bytes(String name);

    /**
     * A view of a tensor, little-endian, in the dtype in which it is stored; read-only host memory.
     *
     * @throws CheckpointException if there is no tensor of this name, or its dtype is not one of {@link dev.clusca.tensor.DType}
     */
    Tensor tensor(String name);

    /**
     * Says that these tensors will be looked at soon, in this order, so that their bytes may be fetched from disk meanwhile. Nothing else changes; by default nothing happens.
     *
     * @throws CheckpointException if there is no tensor of one of these names
     */
    default void readAhead(List<String> names) {}

    /** A tensor's elements as {@link Elements#floats}. */
    default float[] floats(String name) {
        return Elements.floats(tensor(name));
    }

    /**
     * The same of a tensor that must hold finite numbers.
     *
     * @throws CheckpointException if it holds whole numbers by its type, or NaN or infinity
     */
    default float[] finiteFloats(String name) {
        return finiteFloats(name, tensor(name));
    }

    /** The same of a part of a tensor, as a slice of it. */
    default float[] finiteFloats(String name, Tensor part) {
        if (part.dtype() == DType.I32 || part.dtype() == DType.I64) {
            throw new CheckpointException(
                    source() + ": '" + name + "' is " + part.dtype() + "; expected floating-point numbers");
        }
        float[] values = Elements.floats(part);
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new CheckpointException(source() + ": '" + name + "' holds " + value);
            }
        }
        return values;
    }

    /** A tensor's elements as {@link Elements#doubles}. */
    default double[] doubles(String name) {
        return Elements.doubles(tensor(name));
    }

    /** A tensor's elements as {@link Elements#ints}. */
    default int[] ints(String name) {
        return Elements.ints(tensor(name));
    }

    /** Unmaps the files; the tensors become unusable. Closing again does nothing. */
    @Override
    void close();
}
