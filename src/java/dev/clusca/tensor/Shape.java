package dev.clusca.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a dense row-major tensor, outermost first; a scalar has rank 0. */
public final class Shape {
    private final long[] dims;
    private final long elements;

    private Shape(long[] dims) {
        long n = 1;
        for (long d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has the negative extent " + d
                        + "; every extent must be at least 0");
            }
            try {
                n = Math.multiplyExact(n, d);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException(
                        "shape " + Arrays.toString(dims) + " has more elements than a 64-bit count holds", e);
            }
        }
        this.dims = dims;
        this.elements = n;
    }

    public static Shape of(long... dims) {
        return new Shape(dims.clone());
    }

    /** Number of extents. */
    public int rank() {
        return dims.length;
    }

    /**
     * Extent {@code axis}; negative counts from the last ({@code -1} is the innermost).
     *
     * @throws IllegalArgumentException if there is no such axis
     */
    public long dim(int axis) {
        int index = axis < 0 ? axis + dims.length : axis;
        if (index < 0 || index >= dims.length) {
            throw new IllegalArgumentException("shape " + this + " has no axis " + axis + "; it has rank " + rank());
        }
        return dims[index];
    }

    /** {@link #dim} as an int. */
    public int size(int axis) {
        return Math.toIntExact(dim(axis));
    }

    /** The product of the extents; 1 for a scalar. */
    public long elements() {
        return elements;
    }

    /**
     * Bytes of a dense tensor of this shape.
     *
     * @throws IllegalArgumentException if they are more than a 64-bit count holds
     */
    public long bytes(DType dtype) {
        try {
            return Math.multiplyExact(elements, (long) dtype.bytes());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(dtype.name() + this + " has more bytes than a 64-bit count holds", e);
        }
    }

    /** This shape without its outermost extent. */
    public Shape inner() {
        if (dims.length == 0) {
            throw new IllegalArgumentException("a scalar has no inner shape");
        }
        return new Shape(Arrays.copyOfRange(dims, 1, dims.length));
    }

    /** This shape with another outermost extent. */
    public Shape withOuter(long extent) {
        if (dims.length == 0) {
            throw new IllegalArgumentException("a scalar has no outermost extent that could be " + extent);
        }
        long[] d = dims.clone();
        d[0] = extent;
        return new Shape(d);
    }

    public long[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** As {@code [2, 256, 1152]}. */
    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
