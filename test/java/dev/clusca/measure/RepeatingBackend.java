package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.cli.verify.ForwardingBackend;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.tensor.Tensor;

/** A backend that does each LayerNorm several times over: a build that is slower by a known factor. */
final class RepeatingBackend extends ForwardingBackend {
    private final Ops ops;

    RepeatingBackend(Backend real, int times) {
        super(real);
        ops = new ForwardingOps(real.ops()) {
            @Override
            public void layerNormModulate(
                    Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
                for (int i = 0; i < times; i++) {
                    super.layerNormModulate(x, modulation, shift, scale, epsilon, out);
                }
            }
        };
    }

    @Override
    public Ops ops() {
        return ops;
    }
}
