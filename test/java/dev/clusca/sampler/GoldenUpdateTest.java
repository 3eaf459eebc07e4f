package dev.clusca.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Backends;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Single updates of the published samplers at steps of a run of 50, on the reference backend. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoldenUpdateTest {
    private static final double BOUND = 1e-6;
    private static final NoiseSchedule FIFTY = NoiseSchedule.respaced("50");

    private Backend backend;
    private Checkpoint golden;

    @BeforeAll
    void open() {
        backend = Backends.open("reference");
        golden = Safetensors.open(Path.of(System.getProperty("clusca.golden"), "dit/diffusion.safetensors"));
    }

    @AfterAll
    void close() {
        golden.close();
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 25, 49})
    void ddim(int step) {
        assertUpdate(new Ddim(FIFTY, 0, false), step, "update.ddim_eta0." + step);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 25, 49})
    void ddimWithNoise(int step) {
        assertUpdate(new Ddim(FIFTY, 0.7, false), step, "update.ddim_eta0.7." + step);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 25, 49})
    void ddpm(int step) {
        assertUpdate(new Ddpm(FIFTY, false), step, "update.ddpm." + step);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 25, 49})
    void ddpmClipped(int step) {
        assertUpdate(new Ddpm(FIFTY, true), step, "update.ddpm_clipped." + step);
    }

    /** The clean sample's estimate, which no update puts out, from the table's two columns. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 25, 49})
    void estimateOfTheCleanSample(int step) {
        float[] row = new float[Column.COUNT];
        new Ddim(FIFTY, 0, false).fill(row, step);
        float[] x = golden.floats("update.xt");
        float[] start = new float[x.length];
        int perImage = x.length / 2;
        float[] output = golden.floats("update.model_output");
        for (int i = 0; i < x.length; i++) {
            float eps = output[i / perImage * 2 * perImage + i % perImage];
            start[i] = row[Column.SAMPLE_TO_START.ordinal()] * x[i] - row[Column.NOISE_TO_START.ordinal()] * eps;
        }
        assertThat(relativeError(start, golden.floats("update.pred_xstart." + step)))
                .isLessThan(BOUND);
    }

    private void assertUpdate(Sampler sampler, int step, String expected) {
        try (Arena arena = Arena.ofShared()) {
            float[] row = new float[Column.COUNT];
            sampler.fill(row, step);
            StepTable table = new StepTable(
                    tensor(arena, row, Shape.of(1, Column.COUNT)), backend.allocate(arena, DType.I32, Shape.of(1)));
            backend.write(table.cursor(), MemorySegment.ofArray(new int[1]));
            Tensor x = tensor(arena, golden.floats("update.xt"), golden.shape("update.xt"));
            Tensor output = tensor(arena, golden.floats("update.model_output"), golden.shape("update.model_output"));
            Tensor noise = tensor(arena, golden.floats("update.noise"), golden.shape("update.noise"));
            sampler.update(backend.ops(), x, output, noise, table);
            float[] result = new float[(int) x.shape().elements()];
            backend.read(x, MemorySegment.ofArray(result));
            assertThat(relativeError(result, golden.floats(expected)))
                    .as(expected)
                    .isLessThan(BOUND);
        }
    }

    private Tensor tensor(Arena arena, float[] values, Shape shape) {
        Tensor tensor = backend.allocate(arena, DType.F32, shape);
        backend.write(tensor, MemorySegment.ofArray(values));
        return tensor;
    }

    /** Relative L2 error; NaN if anything is NaN, which passes no bound. */
    private static double relativeError(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
