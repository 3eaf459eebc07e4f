package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that samples again and again holds no more memory than after its first runs. */
class SteadyMemoryTest {
    private static final int RUNS = 100;
    private static final long LARGEST_GROWTH_KIB = 8 * 1024;

    @TempDir
    Path folder;

    /** Ladders and activations of a run take 5 MB here: one that stayed behind in every twenty would show. */
    @Test
    void aHundredRunsLeaveNothingBehind() throws Exception {
        TinyDit.write(folder, 32, 2, 3, 96, 3, 4, 5);
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Sampling sampling = new Sampling(DitModel.load(folder, backend, arena, DType.BF16))
                    .sampler(new Ddim(4, 0, false))
                    .policy(CachePolicy.parse("clusca:interval=3,clusters=8"))
                    .guidance(2);
            for (int run = 0; run < RUNS / 5; run++) {
                sampling.seed(run).run(run % 5);
            }
            System.gc();
            long before = anonymousKib();
            for (int run = 0; run < RUNS; run++) {
                sampling.seed(run).run(run % 5);
            }
            System.gc();
            assertThat(anonymousKib() - before)
                    .as("KiB of anonymous memory that %d runs added", RUNS)
                    .isLessThan(LARGEST_GROWTH_KIB);
        }
    }

    /** What the process holds apart from mapped files, without the Java heap's ups and downs: that was collected. */
    private static long anonymousKib() throws IOException {
        Runtime runtime = Runtime.getRuntime();
        long heapKib = runtime.totalMemory() / 1024;
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("RssAnon:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                - heapKib;
    }
}
