package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.cuda.CudaBackend;
import dev.clusca.backend.cuda.CudaContext;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.cache.CachePolicy;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs on the cuda backend, emulated: from the second step of a kind on each is the launch of one graph, in which nothing may wait or allocate. */
@Tag("emulated")
class CudaSamplingTest {
    private static final double TRAJECTORY_BOUND = 1e-4;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "full, jcuda",
        "fora:interval=3, ffm",
        "'taylorseer:interval=3,order=2', jcuda",
        "'clusca:interval=4,clusters=5,gamma=0.1', jcuda",
        "'clusca:interval=3,order=1,clusters=3,gamma=1', ffm",
        "'clusca:interval=3,order=0,clusters=16,gamma=0.9', jcuda"
    })
    void samplesAsTheReferenceDoes(String policy, String provider) throws IOException {
        TinyDit.write(folder);
        float[] expected;
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            expected = run(reference, arena, DType.F32, policy);
        }
        try (Backend cuda = CudaBackend.open(CudaDrivers.open(provider), 0);
                Arena arena = Arena.ofShared()) {
            assertThat(distance(run(cuda, arena, DType.F32, policy), expected)).isLessThan(TRAJECTORY_BOUND);
            assertThat(distance(run(cuda, arena, DType.BF16, policy), expected)).isLessThan(0.1);
        }
    }

    private float[] run(Backend backend, Arena arena, DType dtype, String policy) {
        return sampling(backend, arena, dtype, 8)
                .policy(CachePolicy.parse(policy))
                .run(1, 3)
                .values();
    }

    private Sampling sampling(Backend backend, Arena arena, DType dtype, int steps) {
        return new Sampling(DitModel.load(folder, backend, arena, dtype))
                .sampler(new Ddim(steps, 0, false))
                .guidance(2)
                .seed(7);
    }

    /** A thousand images in one process: the same memory, and the same pictures for the same seeds. */
    @Test
    void aThousandImages() throws IOException {
        TinyDit.write(folder, 4, 2, 3, 16, 2, 2, 5);
        int[] classes = new int[100];
        Arrays.setAll(classes, i -> i % 5);
        try (CudaBackend cuda = CudaBackend.open(CudaDrivers.open(), 0);
                Arena arena = Arena.ofShared()) {
            Sampling sampling = sampling(cuda, arena, DType.F32, 5);
            for (String policy : List.of("clusca:interval=3,clusters=2", "taylorseer:interval=3")) {
                Sampling under = sampling.policy(CachePolicy.parse(policy));
                float[] first = under.run(classes).values();
                long free = free(cuda);
                for (int run = 1; run < 5; run++) {
                    assertThat(under.run(classes).values())
                            .as("run %d under %s", run, policy)
                            .isEqualTo(first);
                    assertThat(free(cuda))
                            .as("bytes free after run %d under %s", run, policy)
                            .isEqualTo(free);
                }
            }
        }
    }

    /** The device is full when a run needs its ladders: the error says so, what the run held is free again, and the next run, which fits, works. */
    @Test
    void memoryThatRunsOutHalfWay() throws IOException {
        TinyDit.write(folder);
        try (CudaBackend cuda = CudaBackend.open(CudaDrivers.open(), 0);
                Arena arena = Arena.ofShared()) {
            Sampling sampling = sampling(cuda, arena, DType.F32, 6).policy(CachePolicy.parse("clusca:interval=3"));
            float[] before = sampling.run(1, 3).values();
            long free = free(cuda);
            try (Arena filling = Arena.ofShared()) {
                List<Object> filled = new ArrayList<>();
                for (long bytes = free; bytes >= 4096; bytes /= 2) {
                    try {
                        filled.add(cuda.allocate(filling, DType.F32, Shape.of(bytes / 4)));
                        filled.add(cuda.allocate(filling, DType.F32, Shape.of(bytes / 4)));
                    } catch (BackendException e) {
                        assertThat(e).hasMessageContaining("memory");
                    }
                }
                assertThatThrownBy(() -> sampling.run(1, 3))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("free");
            }
            assertThat(sampling.run(1, 3).values()).isEqualTo(before);
        }
    }

    /** Bytes of the device that are free. */
    private static long free(CudaBackend cuda) {
        try (CudaContext.Scope _ = cuda.context().enter()) {
            return cuda.context().driver().memoryInfo().free();
        }
    }

    private static double distance(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow((double) found[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / norm);
    }
}
