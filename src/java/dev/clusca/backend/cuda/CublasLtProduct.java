package dev.clusca.backend.cuda;

import dev.clusca.backend.Activation;
import dev.clusca.backend.BackendException;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.bindings.blas.LtEpilogue;
import dev.clusca.bindings.blas.LtHandle;
import dev.clusca.bindings.blas.LtMatmul;
import dev.clusca.bindings.blas.LtShape;
import dev.clusca.bindings.blas.LtType;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * cuBLASLt's products. It adds a bias and applies GELU, which is the one with tanh, in the same kernel; of float32 operands it makes float32, by sums of float32 that are not rounded to TF32. A bias has the type of
 * the output, so it is rounded where that is BF16.
 *
 * <p>cuBLASLt's heuristics are asked once for each combination of extents, types, epilogue and alignment. After that a product is one call, which neither allocates nor waits and which a graph can capture; its
 * workspace is the caller's.
 */
final class CublasLtProduct implements MatrixLibrary {
    /** What NVIDIA recommends for Hopper and later; an algorithm takes less where it can. */
    static final long WORKSPACE_BYTES = 32L << 20;

    private final LtHandle handle;
    private final long stream;
    private final long workspace;
    private final long workspaceBytes;
    private final Map<LtShape, LtMatmul> plans = new HashMap<>();

    /**
     * Closes the handle when it is closed.
     *
     * @param stream a {@code CUstream}
     * @param workspace address of so many bytes, at a multiple of 256, for products of this stream alone
     */
    CublasLtProduct(LtHandle handle, long stream, long workspace, long workspaceBytes) {
        this.handle = handle;
        this.stream = stream;
        this.workspace = workspace;
        this.workspaceBytes = workspaceBytes;
    }

    @Override
    public boolean fuses(boolean bias, Activation activation, DType input, DType output) {
        return activation != Activation.SILU && (input == DType.BF16 || output == DType.F32);
    }

    @Override
    public void multiply(Tensor a, CudaLinear layer, boolean bias, Activation activation, Tensor out) {
        Tensor weight = layer.weight(WeightLayout.ROWS);
        Tensor added = !bias ? null : out.dtype() == DType.BF16 ? layer.narrowBias() : layer.bias();
        long biasAddress = added == null ? 0 : added.address();
        LtShape shape = LtShape.at(
                a.shape().elements() / layer.inputs(),
                layer.outputs(),
                layer.inputs(),
                type(layer.dtype()),
                type(out.dtype()),
                epilogue(bias, activation),
                a.address(),
                weight.address(),
                out.address());
        try {
            LtMatmul plan = plans.get(shape);
            if (plan == null) {
                plan = new LtMatmul(handle, shape, biasAddress, workspaceBytes);
                plans.put(shape, plan);
            }
            plan.run(a.address(), weight.address(), biasAddress, out.address(), workspace, stream);
        } catch (BlasException e) {
            throw new BackendException(e.getMessage(), e);
        }
    }

    private static LtType type(DType dtype) {
        return dtype == DType.BF16 ? LtType.BF16 : LtType.F32;
    }

    private static LtEpilogue epilogue(boolean bias, Activation activation) {
        return switch (activation) {
            case NONE -> bias ? LtEpilogue.BIAS : LtEpilogue.NONE;
            case GELU_TANH -> bias ? LtEpilogue.GELU_BIAS : LtEpilogue.GELU;
            case SILU -> throw new IllegalArgumentException("cuBLASLt has no epilogue with SiLU; ask fuses first");
        };
    }

    @Override
    public void close() {
        plans.values().forEach(LtMatmul::close);
        plans.clear();
        handle.close();
    }
}
