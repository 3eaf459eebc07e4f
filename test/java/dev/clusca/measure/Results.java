package dev.clusca.measure;

import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.Quality;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Made-up results for tests. */
public final class Results {
    public static final Machine MACHINE = new Machine("A processor", 2, 8000, 2000, "Linux 6 amd64", "25.0.3 (x)");

    private Results() {}

    /** Of these batches: FORA and ClusCa at intervals 3 and 5; twice and four times as fast, at 40 and 30 dB, and ClusCa 2 dB better. */
    public static ModelResult models(int... images) {
        List<ModelResult.Batch> batches = new ArrayList<>();
        for (int batch : images) {
            ModelResult.Full full =
                    new ModelResult.Full(20.0 * batch, 1000.0 * batch, List.of(1000.0 * batch, 1020.0 * batch));
            batches.add(new ModelResult.Batch(
                    batch,
                    2 * batch,
                    full,
                    List.of(
                            run("fora", 3, 2, new Quality.Batch(40, 38.5, 0.98)),
                            run("fora", 5, 4, new Quality.Batch(30, 28.5, 0.9)),
                            run("clusca", 3, 1.9, new Quality.Batch(42, 41, 0.99)),
                            run("clusca", 5, 3.5, new Quality.Batch(32, 31, 0.95)))));
        }
        return result(null, batches);
    }

    /** One batch with these runs. */
    public static ModelResult of(@Nullable String noQuality, ModelResult.Run... runs) {
        return result(
                noQuality,
                List.of(new ModelResult.Batch(
                        1, 2, new ModelResult.Full(20, 1000, List.of(1000.0, 1000.0)), List.of(runs))));
    }

    /** A run that is so many times as fast. */
    public static ModelResult.Run run(String method, int interval, double speedup, Quality.@Nullable Batch quality) {
        return run(method, "interval=" + interval, OptionalInt.of(interval), speedup, quality);
    }

    /** A run of FORA, chosen with this schedule, that is so many times as fast. */
    public static ModelResult.Run chosen(String schedule, double speedup) {
        return chosen("fora", schedule, speedup, null);
    }

    /** A run, chosen with this schedule, that is so many times as fast. */
    public static ModelResult.Run chosen(
            String method, String schedule, double speedup, Quality.@Nullable Batch quality) {
        return run(method, schedule, OptionalInt.empty(), speedup, quality);
    }

    private static ModelResult.Run run(
            String method, String schedule, OptionalInt interval, double speedup, Quality.@Nullable Batch quality) {
        return new ModelResult.Run(
                method,
                method + ":" + schedule,
                interval,
                17,
                33,
                21.5,
                OptionalDouble.of(1.25),
                1000 / speedup,
                speedup,
                1.1 * speedup,
                1.05 * speedup,
                quality);
    }

    private static ModelResult result(@Nullable String noQuality, List<ModelResult.Batch> batches) {
        return new ModelResult(
                "1.0",
                "cpu",
                "a device",
                MACHINE,
                ModelSettings.ofDit("models/x", 50, 3, 7, 2),
                "f32",
                noQuality,
                batches);
    }

    /** A result file of kernels with these cases in it. */
    public static String kernels(String... cases) {
        return """
                {"schema": 1, "kind": "kernels", "device": "a device",
                 "machine": {"cpu": "A processor", "cores": 2, "memory_mib": 8000, "heap_mib": 2000, "os": "Linux", "jdk": "25"},
                 "peaks": {"f32": {"bytes_per_second": 2e10, "flops_per_second": 1e11},
                           "bf16": {"bytes_per_second": 2.5e10, "flops_per_second": 9e10, "later": null}},
                 "results": [%s]}
                """.formatted(String.join(",\n", cases));
    }

    /** A case of a kernel of a million operations. */
    public static String kernel(String kernel, String dtype, double us, long bytes) {
        return """
                {"case": "%s/%s/1", "kernel": "%s", "dtype": "%s", "median_us": %s, "bytes": %d, "flops": 1000000, "valid": true, "backend": "cpu", "threads": 0, "mode": "cold", "noise": 0.001, "device_us": 40, "rounds": 3}""".formatted(kernel, dtype, kernel, dtype, us, bytes);
    }
}
