package dev.clusca.pipeline.profile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.pipeline.Samples;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileTest {
    private static final int LAYERS = 3;
    private static final int WIDTH = 24;
    private static final int ROWS = 2;
    private static final int TOKENS = 16;

    @TempDir
    Path folder;

    @Test
    void tellsWhereTheStepsWent() throws Exception {
        TinyDit.write(folder);
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Profile profile = new Profile(backend);
            Samples samples = sample(profile.backend(), arena);
            float[] plain = sample(backend, arena).values();
            assertThat(samples.values()).as("a profile changes no sample").isEqualTo(plain);

            List<StepKind> kinds =
                    samples.metrics().steps().stream().map(time -> time.kind()).toList();
            assertThat(profile.steps()).isEqualTo(kinds.size());
            Map<String, Profile.Line> full = lines(profile, kinds.lastIndexOf(StepKind.FULL));
            Map<String, Profile.Line> cached = lines(profile, kinds.lastIndexOf(StepKind.CACHED));
            assertThat(full)
                    .containsKeys(
                            "attention", "gemmPrefixUpdate 32 x 96 x 24", "kMeans (bytes, FLOPs of one iteration)");
            assertThat(cached)
                    .containsKeys("prefixPass", "prefixGatherNorm", "gemmRefresh 8 x 96 x 24", "prefixClose")
                    .doesNotContainKeys("attention");
            // fc1 of all tokens, and of four representatives a row: 2 FLOPs a multiply-add.
            Profile.Line product = full.get("gemm 32 x 24 x 96");
            assertThat(product.calls()).isEqualTo(LAYERS);
            assertThat(product.flops()).isEqualTo(2.0 * LAYERS * ROWS * TOKENS * WIDTH * 4 * WIDTH);
            assertThat(product.bytes())
                    .isEqualTo(4L * LAYERS * (ROWS * TOKENS * WIDTH + ROWS * TOKENS * 4 * WIDTH + 4 * WIDTH * WIDTH));
            assertThat(cached.get("gemm 8 x 24 x 96").flops()).isEqualTo(2.0 * LAYERS * ROWS * 4 * WIDTH * 4 * WIDTH);
            assertThat(full.values()).allSatisfy(line -> assertThat(line.ms()).isNotNegative());
        }
    }

    private static Map<String, Profile.Line> lines(Profile profile, int step) {
        return profile.step(step).stream().collect(Collectors.toMap(Profile.Line::operation, line -> line));
    }

    private Samples sample(Backend backend, Arena arena) {
        return new Sampling(DitModel.load(folder, backend, arena, DType.F32))
                .sampler(new Ddim(8, 0, false))
                .policy(CachePolicy.parse("clusca:interval=3,clusters=4"))
                .guidance(2)
                .run(1);
    }

    @Test
    void printsTimesBesideThePeaks() {
        Peaks peaks = new Peaks(10e9, 100e9);
        Profile.Line line = new Profile.Line("gemm 1 x 2 x 3", 4, 2.0, 10_000_000, 100e6);
        assertThat(line.ofBandwidth(peaks)).isEqualTo(0.5);
        assertThat(line.ofProducts(peaks)).isEqualTo(0.5);
        ProfileTable table = new ProfileTable("full step", List.of(line), peaks);
        assertThat(table.text())
                .contains(
                        "full step: 2.00 ms in operations; peaks of this machine: copy 10.0 GB/s, product 100 GFLOP/s")
                .containsPattern("gemm 1 x 2 x 3 +4 +2\\.00 +100\\.0% +10\\.0 +5\\.0 +50% +50\\.0 +50%");
        assertThat(table.report().getFirst())
                .containsEntry("operation", "gemm 1 x 2 x 3")
                .containsEntry("of_copy_bandwidth", 0.5);
    }

    @Test
    void measuresWhatTheMachineReaches() {
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT)) {
            Peaks peaks = Peaks.measure(backend, DType.F32);
            assertThat(peaks.copyBytesPerSecond()).isBetween(1e8, 1e13);
            assertThat(peaks.flopsPerSecond()).isBetween(1e8, 1e15);
        }
    }
}
