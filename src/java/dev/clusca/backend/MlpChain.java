package dev.clusca.backend;

import dev.clusca.tensor.Tensor;
import java.util.List;

/**
 * The MLPs of all layers, which a cached step in prefix order computes for its representatives, one after the other: {@code fc2(GELU(fc1(LN(x) (1 + scale) + shift)))}.
 *
 * @param fc1 the layers' first linear layers, from C to H, L of them; a GELU (tanh) follows
 * @param fc2 their second ones, from H to C
 * @param shift chunk of the modulations that is the MLP's shift
 * @param scale chunk that is its scale
 * @param epsilon of the LayerNorm, added to the variance
 */
public record MlpChain(List<Linear> fc1, List<Linear> fc2, int shift, int scale, float epsilon) {
    /** @throws IllegalArgumentException if there are not as many first layers as second ones, or none */
    public MlpChain {
        fc1 = List.copyOf(fc1);
        fc2 = List.copyOf(fc2);
        if (fc1.isEmpty() || fc1.size() != fc2.size()) {
            throw new IllegalArgumentException("a chain of " + fc1.size() + " first and " + fc2.size()
                    + " second linear layers; expected one of each for every layer");
        }
    }

    /** L, the number of layers. */
    public int layers() {
        return fc1.size();
    }

    /** {@link Ops#prefixChain} by the operations that it is made of. */
    public void oneByOne(
            Ops ops, CachedLayers layers, PrefixState state, Tensor rows, Tensor normed, Tensor hidden, Tensor fresh) {
        for (int layer = 0; layer < layers(); layer++) {
            ops.prefixGatherNorm(state, layer, layers.modulation(layer), shift, scale, epsilon, rows, normed);
            ops.gemm(normed, fc1.get(layer), Activation.GELU_TANH, hidden);
            ops.gemmRefresh(hidden, fc2.get(layer), fresh, layers, state, layer);
        }
    }
}
