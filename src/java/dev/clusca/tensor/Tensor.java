package dev.clusca.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A typed, dense, row-major view of memory that a backend owns. It is an address with a meaning, not an array: only the backend that owns the memory reads
 * or writes it, and a program sees contents through {@code Backend.read}. Views made with {@link #slice}, {@link #rows} and {@link #reshape} share memory.
 *
 * <p>A tensor lives as long as the arena it was allocated in; using it later is an error that names the tensor.
 */
public final class Tensor {
    private final MemorySegment base;
    private final long offset;
    private final DType dtype;
    private final Shape shape;
    private final long bytes;

    private Tensor(MemorySegment base, long offset, DType dtype, Shape shape) {
        this.base = base;
        this.offset = offset;
        this.dtype = dtype;
        this.shape = shape;
        this.bytes = shape.bytes(dtype);
    }

    /** A view of host memory. The segment must hold at least the shape's bytes. */
    public static Tensor of(MemorySegment memory, DType dtype, Shape shape) {
        long need = shape.bytes(dtype);
        if (memory.byteSize() < need) {
            throw new IllegalArgumentException("a " + dtype + " tensor of shape " + shape + " needs " + need
                    + " bytes, the memory segment has " + memory.byteSize());
        }
        return new Tensor(memory, 0, dtype, shape);
    }

    /**
     * A view of memory that Java does not touch, device memory above all: {@code memory} carries the address and the lifetime, and may have size zero.
     * For memory that the caller allocated and frees itself, pass {@code MemorySegment.ofAddress(address)}.
     */
    public static Tensor wrap(MemorySegment memory, DType dtype, Shape shape) {
        return new Tensor(memory, 0, dtype, shape);
    }

    /** A view of memory at a raw address that the caller owns, keeps alive and frees. */
    public static Tensor wrap(long address, DType dtype, Shape shape) {
        return wrap(MemorySegment.ofAddress(address), dtype, shape);
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    /** Size of all elements together. */
    public long bytes() {
        return bytes;
    }

    /** Address of the first element, on the host or on the device. */
    public long address() {
        checkAlive();
        return base.address() + offset;
    }

    /** This tensor's host memory, exactly {@link #bytes()} long; an error for memory that Java cannot touch. */
    public MemorySegment memory() {
        if (!isHost()) {
            throw new IllegalStateException(
                    this + " lies in memory that Java does not touch; read it through its backend");
        }
        return base.asSlice(offset, bytes());
    }

    /** Whether Java can touch this tensor's memory; false for an address alone, as of device memory. */
    public boolean isHost() {
        checkAlive();
        return base.byteSize() >= offset + bytes();
    }

    /** The lifetime of the memory: that of the arena in which it was allocated. */
    public MemorySegment.Scope scope() {
        return base.scope();
    }

    /** Whether a thread may use this tensor's memory (memory of a confined arena belongs to one thread). */
    public boolean isAccessibleBy(Thread thread) {
        return base.isAccessibleBy(thread);
    }

    /** Whether the memory was given as read-only, as of a file that is mapped for reading: native code that writes there ends the process. */
    public boolean isReadOnly() {
        return base.isReadOnly();
    }

    /** Element {@code index} of the outermost extent, as a view of one rank less. */
    public Tensor slice(long index) {
        Tensor row = rows(index, 1);
        return row.reshape(shape.inner());
    }

    /** Elements {@code from .. from + count - 1} of the outermost extent, as a view of the same rank. */
    public Tensor rows(long from, long count) {
        if (shape.rank() == 0 || from < 0 || count < 0 || count > shape.dim(0) - from) {
            throw new IllegalArgumentException(
                    count + " rows from row " + from + " on are not within the outermost extent of " + this);
        }
        long stride = shape.inner().elements() * dtype.bytes();
        return new Tensor(base, offset + from * stride, dtype, shape.withOuter(count));
    }

    /** The same elements under another shape with as many elements. */
    public Tensor reshape(Shape other) {
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException(this + " cannot be viewed as " + other + ": " + shape.elements()
                    + " elements are not " + other.elements());
        }
        return new Tensor(base, offset, dtype, other);
    }

    public Tensor reshape(long... dims) {
        return reshape(Shape.of(dims));
    }

    /** Whether two tensors share at least one byte. */
    public boolean overlaps(Tensor other) {
        return address() < other.address() + other.bytes() && other.address() < address() + bytes();
    }

    /** Whether two tensors begin at the same byte and have the same type and shape. */
    public boolean isSame(Tensor other) {
        return address() == other.address() && dtype == other.dtype && shape.equals(other.shape);
    }

    private void checkAlive() {
        if (!base.scope().isAlive()) {
            throw new IllegalStateException(this
                    + " was used after its arena was closed; keep the arena open for as long as the tensor is in use");
        }
    }

    /** As {@code F32[2, 256, 1152]}. */
    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
