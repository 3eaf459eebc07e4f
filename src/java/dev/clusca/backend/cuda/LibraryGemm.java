package dev.clusca.backend.cuda;

import dev.clusca.backend.Activation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Products by a vendor's library, what follows them by the library where it can, and else by a kernel of ours that takes the sums from memory: F32 {@code [M, N]} in the backend's scratch memory, which must
 * be there before a capture, as whatever operations need beside their arguments.
 */
final class LibraryGemm implements Gemm {
    /** The families that its backend's operations use. */
    static final List<String> FAMILIES = Stream.concat(
                    Kernels.FAMILIES.stream().filter(family -> !family.equals(ProductKernels.FAMILY)),
                    Stream.of(EpilogueKernels.FAMILY))
            .toList();

    /** The methods of {@link dev.clusca.backend.Ops} that it computes. */
    static final Set<String> OPERATIONS =
            Set.of("gemm", "gemmResidual", "gemmLadder", "gemmPrefixUpdate", "gemmRefresh");

    private final MatrixLibrary library;
    private final EpilogueKernels epilogues;
    private final Scratch scratch;

    /** Closes the library when it is closed. */
    LibraryGemm(MatrixLibrary library, EpilogueKernels epilogues, Scratch scratch) {
        this.library = library;
        this.epilogues = epilogues;
        this.scratch = scratch;
    }

    @Override
    public WeightLayout layout() {
        return WeightLayout.ROWS;
    }

    @Override
    public void multiply(Tensor a, CudaLinear layer, Epilogue epilogue) {
        if (epilogue instanceof Epilogue.Activate(Activation activation, Tensor out)
                && library.fuses(layer.hasBias(), activation, layer.dtype(), out.dtype())) {
            library.multiply(a, layer, layer.hasBias(), activation, out);
            return;
        }
        Shape shape = Shape.of(a.shape().elements() / layer.inputs(), layer.outputs());
        Tensor sums = Tensor.wrap(
                scratch.floats(epilogue.operation(), shape.elements()).address(), DType.F32, shape);
        library.multiply(a, layer, false, Activation.NONE, sums);
        epilogues.follow(sums, layer, epilogue);
    }

    @Override
    public void close() {
        library.close();
    }
}
