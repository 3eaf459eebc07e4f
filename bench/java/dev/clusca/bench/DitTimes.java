package dev.clusca.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomDit;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * One whole run of a DiT under a policy, with guidance, and what its full and cached steps took, as one JSON line: our side of {@link AgainstPyTorch}.
 *
 * <pre>
 *   java -cp clusca-bench.jar dev.clusca.bench.DitTimes MODEL DTYPE ROWS BACKEND THREADS STEPS POLICY
 *   MODEL   dit-xl/2, dit-l/2, dit-b/2, dit-s/2 with random weights, or a folder
 *   ROWS    batch rows, guidance counted: 2 is one image
 * </pre>
 */
public final class DitTimes {
    private DitTimes() {}

    static void main(String[] args) throws IOException {
        if (args.length != 7) {
            throw new IllegalArgumentException(
                    "expected MODEL DTYPE ROWS BACKEND THREADS STEPS POLICY, got " + Arrays.toString(args));
        }
        String name = args[0];
        DType dtype = DType.valueOf(args[1].toUpperCase(Locale.ROOT));
        int images = Integer.parseInt(args[2]) / 2;
        int steps = Integer.parseInt(args[5]);
        CachePolicy policy = CachePolicy.parse(args[6]);
        try (Backend backend = Backends.require(args[3], new BackendOptions(Integer.parseInt(args[4])));
                Arena arena = Arena.ofShared()) {
            DitModel model;
            try (DitWeights weights = Files.isDirectory(Path.of(name))
                    ? DitCheckpoint.open(Path.of(name))
                    : new RandomDit(DitConfig.of(name, 256), 1)) {
                model = new DitModel(weights, backend, arena, dtype);
            }
            System.gc();
            Sampling sampling = new Sampling(model)
                    .sampler(new Ddim(steps, 0, false))
                    .policy(policy)
                    .guidance(4);
            if (!args[3].equals("cpu")) {
                // A GPU's kernels are compiled, and its memory is asked for, in the first run.
                sampling.run(new int[images]);
            }
            RunMetrics run = sampling.run(new int[images]).metrics();
            System.out.println(line(args, 2 * images, policy, backend, run));
        }
    }

    /** The line of a run. */
    static String line(String[] args, int rows, CachePolicy policy, Backend backend, RunMetrics run)
            throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("model", args[0]);
        line.put("dtype", args[1]);
        line.put("rows", rows);
        line.put("steps", run.steps().size());
        line.put("policy", policy.spec());
        line.put("backend", backend.description());
        line.put("run_ms", run.totalMs());
        put(line, "full", times(run, StepKind.FULL));
        put(line, "cached", times(run, StepKind.CACHED));
        line.put("resident_anonymous_mib", anonymousKib() / 1024);
        return Json.text(line);
    }

    private static DoubleStream times(RunMetrics run, StepKind kind) {
        return run.steps().stream().filter(s -> s.kind() == kind).mapToDouble(RunMetrics.StepTime::ms);
    }

    /** Median and least of what was measured, if it was. */
    static void put(Map<String, Object> line, String name, DoubleStream measured) {
        double[] ms = measured.sorted().toArray();
        if (ms.length > 0) {
            line.put(name, Map.of("median_ms", ms[ms.length / 2], "min_ms", ms[0]));
        }
    }

    /** Memory of this process that no file lies behind. */
    static long anonymousKib() throws IOException {
        List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
        return status.stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }
}
