package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.tensor.Tensor;
import org.junit.jupiter.api.Test;

class RandomDitTest {
    private final DitConfig config = DitConfig.of("S/8", 256);

    @Test
    void hasEveryTensorOfItsSize() {
        try (RandomDit weights = new RandomDit(config, 1)) {
            DitTensors.of(config)
                    .forEach((name, shape) ->
                            assertThat(weights.tensor(name).shape()).as(name).isEqualTo(shape));
            assertThat(weights.positions()).isNull();
            assertThatThrownBy(() -> weights.tensor("blocks.99.attn.qkv.weight"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("has no tensor 'blocks.99.attn.qkv.weight'");
        }
    }

    /** Deviation 1 / sqrt(inputs), so that a layer puts out what it takes in; the seed decides, and tensors differ. */
    @Test
    void drawsWeightsThatKeepFeaturesNearOne() {
        RandomDit weights = new RandomDit(config, 1);
        float[] values = Elements.floats(weights.tensor("blocks.0.attn.qkv.weight"));
        double sum = 0;
        double squares = 0;
        for (float v : values) {
            sum += v;
            squares += (double) v * v;
        }
        assertThat(sum / values.length).isCloseTo(0, within(1e-4));
        assertThat(squares / values.length * config.hiddenSize()).isCloseTo(1, within(0.01));
        Tensor again = new RandomDit(config, 1).tensor("blocks.0.attn.qkv.weight");
        assertThat(Elements.floats(again)).isEqualTo(values);
        assertThat(Elements.floats(new RandomDit(config, 2).tensor("blocks.0.attn.qkv.weight")))
                .isNotEqualTo(values);
        assertThat(Elements.floats(weights.tensor("blocks.1.attn.qkv.weight"))).isNotEqualTo(values);
    }
}
