package dev.clusca.backend.cuda;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** ClusCa's chain as one kernel where {@link ChainKernels} has it, and all else as {@link CudaOps} computes it. A variant until a GPU says which is faster. */
final class ChainOps extends CudaOps {
    static final String WHAT =
            "all layers of a cached ClusCa step of bf16 on few rows as one persistent kernel; all else as clusca's own kernels do";

    /** Those that its operations use. */
    static final List<String> FAMILIES = Stream.concat(Kernels.FAMILIES.stream(), Stream.of(ChainKernels.FAMILY))
            .toList();

    /** Those that it computes otherwise than {@link CudaOps}. */
    static final Set<String> OPERATIONS = Set.of("prefixChain");

    private final CudaQueue queue;
    private final ChainKernels chains;

    ChainOps(CudaQueue queue, Kernels kernels, Gemm products, Scratch scratch, Staging staging) {
        super(queue, kernels, products, scratch, staging);
        this.queue = queue;
        chains = new ChainKernels(queue, kernels, scratch);
    }

    @Override
    public void prefixChain(
            MlpChain chain,
            CachedLayers layers,
            PrefixState state,
            Tensor rows,
            Tensor normed,
            Tensor hidden,
            Tensor fresh) {
        if (hasPrefixChain(chain, layers, state)) {
            queue.submit("prefixChain", () -> chains.chain(chain, layers, state));
        } else {
            super.prefixChain(chain, layers, state, rows, normed, hidden, fresh);
        }
    }

    @Override
    boolean hasPrefixChain(MlpChain chain, CachedLayers layers, PrefixState state) {
        return chains.takes(chain, layers, state);
    }
}
