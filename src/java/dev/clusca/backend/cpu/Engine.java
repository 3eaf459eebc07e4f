package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** What the worker's thread computes with: the kernels, the matrix products, and scratch memory. Made, used and closed by that thread. */
final class Engine implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final CpuKernels kernels;
    private final MatrixProducts products;
    private final Scratch scratch = new Scratch("scratch memory");
    private final int threads;
    private @Nullable Pulse pulse;

    Engine(int threads, CpuChoice choice) {
        this.threads = threads;
        CpuKernels.setThreads(threads);
        choice.level().selectInThread();
        kernels = new CpuKernels(arena);
        products = choice.products(kernels);
    }

    CpuKernels kernels() {
        return kernels;
    }

    MatrixProducts products() {
        return products;
    }

    /** The address of scratch memory; it holds until the next operation asks. */
    long scratch(long bytes) {
        return scratch.address(bytes);
    }

    /** Packs weights {@code [outputs, inputs]}, and converts a bias to float32 if there is one. */
    void pack(Tensor weight, DType dtype, Tensor packed, @Nullable Tensor bias, @Nullable Tensor bias32) {
        products.pack(weight, dtype, packed);
        if (bias != null && bias32 != null) {
            kernels.cast(floats(bias), floats(bias32), bias.shape().elements());
        }
    }

    void gemm(Tensor a, CpuLinear layer, Activation activation, Tensor out) {
        long rows = out.shape().elements() / layer.outputs();
        products.linear(layer, rows, activation, a.address(), out.dtype(), out.address());
    }

    /** Some tens of microseconds of the same work every time. */
    void pulse() {
        if (pulse == null) {
            pulse = new Pulse(kernels, arena, threads);
        }
        pulse.run();
    }

    static FloatMemory floats(Tensor tensor) {
        return new FloatMemory(tensor.address(), type(tensor.dtype()));
    }

    /** A type as the kernels number it. */
    static int type(DType dtype) {
        return dtype == DType.F32 ? FloatMemory.F32 : FloatMemory.BF16;
    }

    @Override
    public void close() {
        scratch.close();
        products.close();
        arena.close();
    }
}
