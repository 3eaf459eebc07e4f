package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.cuda.Epilogue.Kind;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** Launches {@code kernels/epilogue.cu}: what follows a library's product. */
final class EpilogueKernels {
    static final String FAMILY = "epilogue";

    private static final int BLOCK = 256;
    /** Neighbouring channels that a thread takes. */
    private static final int CHANNELS = 4;

    private final CudaQueue queue;
    private final Kernels.Typed[] kernels;

    EpilogueKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        this.kernels = Stream.of(Kind.values())
                .map(kind -> kernels.typed(
                        FAMILY,
                        kind.alone(),
                        Stream.of(
                                        List.of("const f32* sums"),
                                        kind.pointers(),
                                        List.of("s32 M", "s32 N"),
                                        kind.scalars())
                                .flatMap(List::stream)
                                .toArray(String[]::new)))
                .toArray(Kernels.Typed[]::new);
    }

    /** @param sums F32 {@code [M, outputs]}, without bias */
    void follow(Tensor sums, CudaLinear layer, Epilogue epilogue) {
        int n = layer.outputs();
        int m = extent("the number of rows", sums.shape().elements() / n);
        Kernel kernel = kernels[epilogue.kind().ordinal()].of();
        KernelArguments arguments = kernel.arguments().tensor(sums);
        epilogue.pointers(arguments, layer);
        arguments.int32(m).int32(n);
        epilogue.scalars(arguments);
        kernel.launch(queue.stream(), blocks((long) m * Math.ceilDiv(n, CHANNELS), BLOCK), BLOCK);
    }
}
