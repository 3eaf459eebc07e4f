package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.StepOrder;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FluxSamplingTest {
    private static final int TEXT = 7;
    private static final int ROWS = 3;
    private static final int COLUMNS = 5;
    private static final int STEPS = 9;

    private static FluxPrompt prompt(FluxConfig config) {
        return new FluxPrompt(
                TinyFlux.numbers(TEXT * config.contextInDim(), 1), TinyFlux.numbers(config.vecInDim(), 2));
    }

    private static FluxSampling sampling(Backend backend, Arena arena, int singles) {
        FluxModel model = new FluxModel(new RandomFlux(TinyFlux.config(singles, true), 5), backend, arena, DType.F32);
        return new FluxSampling(model)
                .flow(FlowMatching.shifted(STEPS, ROWS * COLUMNS))
                .seed(11);
    }

    /** Steps after which the text was forecast, spread or left out alike, for an even and an odd number of single blocks, and one alone. */
    @ParameterizedTest
    @CsvSource({
        "reference, 4, 'clusca:interval=4,order=2,clusters=4,gamma=0.3,first=3'",
        "reference, 3, 'clusca:interval=3,order=0,clusters=5,gamma=1'",
        "reference, 1, 'taylorseer:interval=3,order=1,first=3'",
        "reference, 2, fora:interval=3",
        "cpu, 3, 'clusca:interval=4,order=1,clusters=4,gamma=0.005,first=3'",
        "cpu, 4, 'taylorseer:interval=4,order=2'"
    })
    void theFastOrderEqualsThePublishedOne(String name, int singles, String policy) {
        try (Backend backend = Backends.require(name, BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            FluxSampling sampling = sampling(backend, arena, singles).policy(CachePolicy.parse(policy));
            FluxPrompt prompt = prompt(TinyFlux.config(singles, true));
            List<float[]> fast = steps(sampling, prompt);
            List<float[]> published = steps(sampling.order(StepOrder.LAYER_BY_LAYER), prompt);
            List<float[]> full = steps(sampling.policy(CachePolicy.parse("full")), prompt);
            assertThat(fast).hasSize(STEPS);
            for (int step = 0; step < STEPS; step++) {
                assertThat(distance(fast.get(step), published.get(step)))
                        .as("relative L2 distance of the samples after step %d", step)
                        .isLessThanOrEqualTo(1e-5);
            }
            assertThat(distance(fast.getLast(), full.getLast()))
                    .as("the policy did forecast")
                    .isGreaterThan(1e-5);
        }
    }

    private static List<float[]> steps(FluxSampling sampling, FluxPrompt prompt) {
        List<float[]> all = new ArrayList<>();
        sampling.preview((_, step, values) -> {
                    assertThat(step).isEqualTo(all.size());
                    all.add(values);
                })
                .run(prompt, ROWS, COLUMNS);
        return all;
    }

    private static double distance(float[] found, float[] expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += ((double) found[i] - expected[i]) * ((double) found[i] - expected[i]);
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(error / norm);
    }

    /**
     * Steps that are recorded once and replayed, with every number drawn on the device: in the fast order and the published one, for weights that are stored and multiplied in BF16 too, and for MLPs that are
     * no multiple of the model's width beside queries, keys and values without a bias.
     */
    @ParameterizedTest
    @CsvSource({
        "3, 4, true, F32, PREFIX_PASS, 1e-4",
        "2, 4, true, F32, LAYER_BY_LAYER, 1e-4",
        "1, 4, true, BF16, PREFIX_PASS, 1e-2",
        "2, 2.5, false, F32, PREFIX_PASS, 1e-4",
        "1, 2.5, false, BF16, PREFIX_PASS, 1e-2"
    })
    @Tag("emulated")
    void drawsTheSameOnEveryBackend(
            int singles, double mlpRatio, boolean bias, DType dtype, StepOrder order, double bound) {
        FluxConfig config = TinyFlux.config(singles, true, mlpRatio, bias);
        List<float[]> found = new ArrayList<>();
        for (String name : List.of("reference", "cpu", "cuda")) {
            try (Backend backend = Backends.require(name, BackendOptions.DEFAULT);
                    Arena arena = Arena.ofShared()) {
                FluxModel model = new FluxModel(TinyFlux.weights(config, dtype), backend, arena, dtype);
                found.add(new FluxSampling(model)
                        .flow(FlowMatching.shifted(STEPS, ROWS * COLUMNS))
                        .order(order)
                        .policy(CachePolicy.parse("clusca:interval=4,order=2,clusters=4,gamma=0.3"))
                        .run(prompt(config), ROWS, COLUMNS)
                        .tokens());
            }
        }
        assertThat(distance(found.get(1), found.get(0))).isLessThan(bound);
        assertThat(distance(found.get(2), found.get(0))).isLessThan(bound);
    }

    @Test
    void guidanceAndTextAndSeedAllTell() {
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            FluxSampling sampling = sampling(backend, arena, 2);
            FluxPrompt prompt = prompt(TinyFlux.config(2, true));
            float[] image = sampling.run(prompt, ROWS, COLUMNS).tokens();
            assertThat(sampling.run(prompt, ROWS, COLUMNS).tokens()).isEqualTo(image);
            assertThat(sampling.guidance(1).run(prompt, ROWS, COLUMNS).tokens()).isNotEqualTo(image);
            assertThat(sampling.seed(12).run(prompt, ROWS, COLUMNS).tokens()).isNotEqualTo(image);
            FluxPrompt otherVector = new FluxPrompt(prompt.tokens(), new float[20]);
            assertThat(sampling.run(otherVector, ROWS, COLUMNS).tokens()).isNotEqualTo(image);
            FluxPrompt otherTokens = new FluxPrompt(new float[TEXT * 24], prompt.vector());
            assertThat(sampling.run(otherTokens, ROWS, COLUMNS).tokens()).isNotEqualTo(image);
        }
    }

    @Test
    void anUndistilledModelIgnoresGuidance() {
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            FluxConfig config = TinyFlux.config(2, false);
            FluxModel model = new FluxModel(new RandomFlux(config, 5), backend, arena, DType.BF16);
            FluxSampling sampling = new FluxSampling(model);
            FluxSamples samples = sampling.run(prompt(config), ROWS, COLUMNS);
            assertThat(samples.metrics().steps())
                    .hasSize(4)
                    .allMatch(step -> step.kind() == StepKind.FULL && step.ms() > 0);
            assertThat(sampling.guidance(9).run(prompt(config), ROWS, COLUMNS).tokens())
                    .isEqualTo(samples.tokens());
        }
    }

    @Test
    void saysWhatDoesNotFit() {
        try (Backend backend = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            FluxSampling sampling = sampling(backend, arena, 2);
            FluxPrompt prompt = prompt(TinyFlux.config(2, true));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.run(new FluxPrompt(new float[25], prompt.vector()), 2, 2))
                    .withMessage(
                            "the prompt's tokens have 25 numbers; expected a multiple of 24, the width of a text token in this model");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.run(new FluxPrompt(prompt.tokens(), new float[19]), 2, 2))
                    .withMessage("the text's vector has 19 numbers; this model takes 20");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.run(prompt, 0, 2))
                    .withMessageContaining("an image of 0 x 2 tokens cannot be made");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.noise(new float[3]).run(prompt, 2, 2))
                    .withMessage("the noise given has 3 values; 4 tokens of this model have 64");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.noise(new float[] {0, Float.NaN}))
                    .withMessage("value 1 of the noise given is NaN; expected finite values, of mean 0 and variance 1");
            FluxSampling clusters = sampling.policy(CachePolicy.parse("clusca:interval=3,clusters=8"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> clusters.run(prompt, 2, 2))
                    .withMessageContaining("8 clusters are more than the 4 tokens");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sampling.guidance(Float.NaN))
                    .withMessageContaining("the guidance scale must be a finite number");
        }
    }

    /** Published prompts have hundreds of tokens, others as few as a word: then the text is forecast and no token of it recomputed, which tells in no image. */
    @Test
    void aTextMayHaveFewerTokensThanClusters() {
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            FluxSampling sampling =
                    sampling(backend, arena, 2).policy(CachePolicy.parse("clusca:interval=3,clusters=" + (TEXT + 1)));
            FluxPrompt prompt = prompt(TinyFlux.config(2, true));
            float[] fast = sampling.run(prompt, ROWS, COLUMNS).tokens();
            float[] published = sampling.order(StepOrder.LAYER_BY_LAYER)
                    .run(prompt, ROWS, COLUMNS)
                    .tokens();
            assertThat(distance(fast, published)).isLessThanOrEqualTo(1e-5);
        }
    }

    @Test
    void stopsWhenAsked() {
        try (Backend backend = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            int[] done = new int[1];
            FluxSampling sampling = sampling(backend, arena, 2)
                    .listener((finished, of, kind, ms) -> done[0] = finished)
                    .cancelled(() -> done[0] == 2);
            FluxPrompt prompt = prompt(TinyFlux.config(2, true));
            assertThatThrownBy(() -> sampling.run(prompt, 2, 2))
                    .isInstanceOf(CancellationException.class)
                    .hasMessage("sampling was cancelled after 2 of 9 steps");
        }
    }

    @Test
    void tokensOfOtherWidthsAreNoLatents() {
        FluxSamples samples = new FluxSamples(new float[6 * 10], 2, 3, new RunMetrics(1, List.of(), 0, 0));
        assertThat(samples.tokens()).hasSize(60);
        assertThatThrownBy(samples::latents)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a token of this model has 10 channels");
    }

    /** A token holds its patch channel by channel, row by row. */
    @Test
    void tokensBecomeLatents() {
        float[] tokens = new float[2 * 3 * 8];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i;
        }
        FluxSamples samples = new FluxSamples(tokens, 2, 3, new RunMetrics(1, List.of(), 0, 0));
        assertThat(samples.shape()).isEqualTo(Shape.of(1, 2, 4, 6));
        float[] latents = samples.latents();
        for (int c = 0; c < 2; c++) {
            for (int y = 0; y < 4; y++) {
                for (int x = 0; x < 6; x++) {
                    int token = y / 2 * 3 + x / 2;
                    assertThat(latents[(c * 4 + y) * 6 + x]).isEqualTo(token * 8 + c * 4 + y % 2 * 2 + x % 2);
                }
            }
        }
    }
}
