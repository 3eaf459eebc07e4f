package dev.clusca.checkpoint;

import dev.clusca.tensor.Tensor;

/** Where an autoencoder's weights come from: {@link VaeCheckpoint}, or {@link RandomVae} for measurements. */
public interface VaeWeights extends AutoCloseable {
    VaeConfig config();

    /**
     * A tensor in host memory, of any float type; it may be valid until these weights are closed only.
     *
     * @param name one of {@link VaeTensors#of}
     * @throws IllegalArgumentException if a decoder of this configuration has no such tensor
     */
    Tensor tensor(String name);

    @Override
    void close();
}
