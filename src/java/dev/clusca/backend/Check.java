package dev.clusca.backend;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The words in which {@link CheckedOps} states what one operation expects of its arguments. Every error names the operation and the argument, and says what was
 * found and what was expected.
 */
record Check(String operation, CheckedOps.Access access) {
    /** An extent that is free: any size from 1. */
    static final long ANY = -1;

    /** An F32 or BF16 tensor of that shape; {@code axes} are the contract's names of the extents, as {@code [R, N, C]}. */
    void floats(String name, @Nullable Tensor tensor, String axes, long... extents) {
        tensor(name, tensor, null, axes, extents);
    }

    /** A tensor of exactly that type and shape. */
    void typed(String name, @Nullable Tensor tensor, DType dtype, String axes, long... extents) {
        tensor(name, tensor, dtype, axes, extents);
    }

    /** A float tensor of rank 1 or more whose last extent is {@code last}. */
    void endsIn(String name, @Nullable Tensor tensor, @Nullable DType dtype, String axes, long last) {
        Tensor found = usable(name, tensor, dtype);
        int rank = found.shape().rank();
        if (rank == 0 || found.shape().dim(-1) != last) {
            throw error(name + " is " + found + "; expected " + types(dtype) + " " + axes + " with the last extent "
                    + last);
        }
        noEmptyExtent(name, found);
    }

    /** A tensor that was found usable and is written to. */
    void written(String name, @Nullable Tensor tensor) {
        if (tensor != null && tensor.isReadOnly()) {
            throw error(name + " " + tensor + " lies in read-only memory; expected memory that can be written");
        }
    }

    /** An output shares no byte with another argument. */
    void apart(String outputName, @Nullable Tensor output, String inputName, @Nullable Tensor input) {
        if (output != null && input != null && output.overlaps(input)) {
            throw error(outputName + " " + output + " overlaps " + inputName + " " + input
                    + "; expected memory of its own");
        }
    }

    /** {@code value} lies in {@code from .. to}, both included. */
    void range(String name, long value, long from, long to) {
        if (value < from || value > to) {
            throw error(name + " is " + value + "; expected " + from + " to " + to);
        }
    }

    /** {@code value} is no less than {@code least}. */
    void atLeast(String name, long value, long least) {
        if (value < least) {
            throw error(name + " is " + value + "; expected at least " + least);
        }
    }

    /** {@code value} is a multiple of {@code divisor}, which is at least 1. */
    void multiple(String name, long value, String divisorName, long divisor) {
        if (divisor < 1 || value % divisor != 0) {
            throw error(name + " is " + value + "; expected a multiple of " + divisorName + ", which is " + divisor);
        }
    }

    /** A step table that the backend can read. */
    void steps(@Nullable StepTable steps) {
        if (steps == null) {
            throw error("the step table is null; expected one that holds this run's steps");
        }
        usable("the step table's rows", steps.rows(), DType.F32);
        usable("the step table's cursor", steps.cursor(), DType.I32);
        noEmptyExtent("the step table's rows", steps.rows());
    }

    /** A modulation for {@code rows} batch rows and {@code width} channels whose chunks go up to the largest of {@code chunks}. */
    void modulation(@Nullable Modulation modulation, long rows, long width, int... chunks) {
        if (modulation == null) {
            throw error("the modulation is null; expected the run's shifts, scales and gates");
        }
        steps(modulation.steps());
        floats(
                "the modulation's table",
                modulation.table(),
                "[steps, conditions, chunks, C]",
                modulation.steps().steps(),
                ANY,
                ANY,
                width);
        typed("the modulation's conditions", modulation.conditions(), DType.I32, "[R]", rows);
        for (int chunk : chunks) {
            range("the modulation's chunk", chunk, 0, modulation.table().shape().dim(2) - 1);
        }
    }

    /** An output shares no byte with a modulation. */
    void apart(String outputName, @Nullable Tensor output, Modulation modulation) {
        apart(outputName, output, "the modulation's table", modulation.table());
        apart(outputName, output, "the modulation's conditions", modulation.conditions());
        apart(outputName, output, modulation.steps());
    }

    /** An output shares no byte with a step table. */
    void apart(String outputName, @Nullable Tensor output, StepTable steps) {
        apart(outputName, output, "the step table's rows", steps.rows());
        apart(outputName, output, "the step table's cursor", steps.cursor());
    }

    IllegalArgumentException error(String sentence) {
        return new IllegalArgumentException(operation + ": " + sentence);
    }

    private void tensor(String name, @Nullable Tensor tensor, @Nullable DType dtype, String axes, long... extents) {
        Tensor found = usable(name, tensor, dtype);
        Shape shape = found.shape();
        boolean fits = shape.rank() == extents.length;
        for (int axis = 0; fits && axis < extents.length; axis++) {
            fits = extents[axis] == ANY || extents[axis] == shape.dim(axis);
        }
        if (!fits) {
            String sizes = Arrays.stream(extents)
                    .mapToObj(e -> e == ANY ? "any" : Long.toString(e))
                    .collect(Collectors.joining(", ", "[", "]"));
            throw error(name + " is " + found + "; expected " + types(dtype) + " " + axes + " = " + sizes);
        }
        noEmptyExtent(name, found);
    }

    private Tensor usable(String name, @Nullable Tensor tensor, @Nullable DType dtype) {
        if (tensor == null) {
            throw error(name + " is null; expected a tensor of " + types(dtype));
        }
        if (dtype == null ? !tensor.dtype().isCompute() : tensor.dtype() != dtype) {
            throw error(name + " is " + tensor + "; expected " + types(dtype));
        }
        String problem = access.problem(tensor);
        if (problem != null) {
            throw error(name + " " + tensor + " " + problem);
        }
        return tensor;
    }

    private void noEmptyExtent(String name, Tensor tensor) {
        if (tensor.shape().elements() == 0) {
            throw error(name + " is " + tensor + "; expected every extent to be at least 1");
        }
    }

    private static String types(@Nullable DType dtype) {
        return dtype == null ? "F32 or BF16" : dtype.name();
    }
}
