package dev.clusca.cache;

import dev.clusca.model.dit.DitForward;
import dev.clusca.tensor.Tensor;
import java.util.List;

/** A DiT's steps: embedding, the blocks, computed or forecast, and the final layer. */
final class DitPlan implements StepPlan {
    private final DitForward pass;
    private final List<StepKind> kinds;
    private final StreamCache cache;

    /**
     * @param kinds the policy's schedule for this run
     * @param cache of the pass's stream
     */
    DitPlan(DitForward pass, List<StepKind> kinds, StreamCache cache) {
        this.pass = pass;
        this.kinds = kinds;
        this.cache = cache;
    }

    @Override
    public void run(int step, Tensor images, Tensor output) {
        int index = kinds.size() - 1 - step; // as the sampler counts
        pass.embed(images);
        if (kinds.get(step) == StepKind.FULL) {
            for (int layer = 0; layer < pass.stream().layers(); layer++) {
                cache.attention(layer, pass.attend(layer));
                cache.mlp(layer);
            }
            cache.filled(index);
        } else {
            cache.forecast(index);
        }
        pass.finish(output);
    }
}
