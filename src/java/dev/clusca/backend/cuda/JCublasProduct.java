package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Activation;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.JCudaBlas;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;

/** Products of cuBLAS 12 through JCublas: to F32, with nothing after them. */
final class JCublasProduct implements MatrixLibrary {
    private final JCudaBlas blas;

    /** Closes it when it is closed. */
    JCublasProduct(JCudaBlas blas) {
        this.blas = blas;
    }

    @Override
    public boolean fuses(boolean bias, Activation activation, DType input, DType output) {
        return !bias && activation == Activation.NONE && output == DType.F32;
    }

    @Override
    public void multiply(Tensor a, CudaLinear layer, boolean bias, Activation activation, Tensor out) {
        if (!fuses(bias, activation, layer.dtype(), out.dtype())) {
            throw new IllegalArgumentException("cuBLAS has no epilogues; ask fuses first");
        }
        try {
            blas.multiply(
                    extent("the number of rows", a.shape().elements() / layer.inputs()),
                    layer.outputs(),
                    layer.inputs(),
                    layer.dtype() == DType.BF16,
                    a.address(),
                    layer.weight(WeightLayout.ROWS).address(),
                    out.address());
        } catch (BlasException e) {
            throw new BackendException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        blas.close();
    }
}
