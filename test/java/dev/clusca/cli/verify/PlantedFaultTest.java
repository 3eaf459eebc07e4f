package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A backend with one fault must fail {@code verify}, with a line that names the operation and what is wrong with it. */
class PlantedFaultTest {
    private static Backend reference;

    @BeforeAll
    static void open() {
        reference = Backends.require("reference", BackendOptions.DEFAULT);
    }

    @AfterAll
    static void close() {
        reference.close();
    }

    private static Verify.Outcome verify(String op, BiFunction<Ops, FaultyBackend, Ops> fault) {
        return Verify.run(new FaultyBackend(reference, fault), reference, "--op", op);
    }

    @Test
    void noFaultPasses() {
        Verify.Outcome outcome = verify("^(guidance|gatherRows|advance)/", (ops, backend) -> ops);
        assertThat(outcome.output()).doesNotContain("FAILED");
        assertThat(outcome.exit()).isZero();
    }

    @Test
    void wrongGuidanceScale() {
        verify("^guidance/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void guidance(Tensor output, float scale, int channels) {
                        super.guidance(output, scale * 1.0001f, channels);
                    }
                })
                .failedWith("guidance/f32/", "FAILED")
                .failedWith("output: relative L2 error", "is above 1.00e-05", " for ")
                .failedWith("rerun: ./clusca verify --backend faulty --op '^guidance/f32/", "--seed 1");
    }

    @Test
    void wrongEpsilonShowsOnlyWhereVariancesAreSmall() {
        verify("^layerNormModulate/f32/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void layerNormModulate(
                            Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
                        super.layerNormModulate(x, modulation, shift, scale, 1e-4f, out);
                    }
                })
                .failedWith("layerNormModulate/f32/", "FAILED");
    }

    @Test
    void wrongChunkInBf16() {
        verify("^forecastResidual/bf16/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
                        super.forecastResidual(ladder, modulation, gate - 1, x);
                    }
                })
                .failedWith("forecastResidual/bf16/", "FAILED")
                .failedWith("x: largest error", "simplest implementation, plus 2 ulp");
    }

    @Test
    void aMissingActivation() {
        verify("^gemm/bf16/.*gelu", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
                        super.gemm(a, layer, Activation.NONE, out);
                    }
                })
                .failedWith("gemm/bf16/", "gelu_tanh", "FAILED");
    }

    @Test
    void wrongSeedOfDraws() {
        verify("^drawRepresentatives/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
                        Draws wrong = new Draws(draws.seed() + (1L << 40), draws.rows(), draws.stream(), draws.steps());
                        super.drawRepresentatives(wrong, labels, representatives);
                    }
                })
                .failedWith("representatives must be equal", "elements differ");
    }

    @Test
    void wrongStopOfKMeans() {
        verify("^kMeans/f32/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void kMeans(Tensor x, KMeansOptions o, Tensor centroids, Tensor labels, Tensor iterations) {
                        KMeansOptions wrong =
                                new KMeansOptions(o.maxIterations(), o.relative(), o.absolute(), !o.together());
                        super.kMeans(x, wrong, centroids, labels, iterations);
                    }
                })
                .failedWith("iterations must be equal");
    }

    @Test
    void strayWriteBehindTheOutput() {
        verify("^gatherRows/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
                        super.gatherRows(x, index, rows);
                        backend.around(rows, rows.bytes(), 2).set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) 7);
                    }
                })
                .failedWith("stray write: rows", "outside of it");
    }

    @Test
    void strayWriteBeforeAnInput() {
        verify("^unpatchify/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void unpatchify(Tensor tokens, int patch, Tensor images) {
                        super.unpatchify(tokens, patch, images);
                        backend.around(tokens, -2, 2).set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) 7);
                    }
                })
                .failedWith("stray write: tokens", "at element -1");
    }

    @Test
    void missingWrite() {
        verify("^timestepFeatures/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
                        byte[] last = backend.around(out, out.bytes() - 4, 4).toArray(ValueLayout.JAVA_BYTE);
                        super.timestepFeatures(timesteps, shift, out);
                        backend.around(out, out.bytes() - 4, 4).copyFrom(MemorySegment.ofArray(last));
                    }
                })
                .failedWith("missing write:", "still hold the poison", "the first is element");
    }

    @Test
    void changedInput() {
        verify("^scatterRows/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
                        super.scatterRows(rows, index, target);
                        backend.around(index, 0, 4).set(ValueLayout.JAVA_INT_UNALIGNED, 0, 99);
                    }
                })
                .failedWith("input changed: index", "element 0", "is now 99");
    }

    @Test
    void aNaNFromNowhere() {
        verify("^guidance/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void guidance(Tensor output, float scale, int channels) {
                        super.guidance(output, scale, channels);
                        backend.around(output, 0, 4).set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, Float.NaN);
                    }
                })
                .failedWith("a NaN came out though none went in");
    }

    @Test
    void aNaNThatIsLost() {
        verify("^ddimUpdate/.*/nan$", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void ddimUpdate(
                            Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
                        super.ddimUpdate(x, output, noise, clip, steps);
                        backend.around(x, 0, x.bytes()).fill((byte) 0);
                    }
                })
                .failedWith("a NaN went in and none came out");
    }

    @Test
    void anOperationThatThrows() {
        verify("^(advance|cast)/", (ops, backend) -> new ForwardingOps(ops) {
                    @Override
                    public void advance(StepTable steps) {
                        throw new BackendException("the kernel is gone");
                    }
                })
                .failedWith("advance/f32/cursor", "FAILED")
                .failedWith("the kernel is gone")
                .failedWith("cast/f32/", " ok");
    }
}
