package dev.clusca.cases;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.cases.OpCase.Policy;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Clusters: k-means, draws, gathering, scattering and propagation. All but the propagation's blend are exact. */
final class ClusterCases {
    private static final Map<Column, Float> STEP = Map.of(Column.STEP, 37f);
    /** Lane-instructions for one channel of one token and centroid, as the emulator counted: where a warp has one token at a time, and where it has four. */
    private static final double LANES_FOR_ONE = 10;

    private static final double LANES_FOR_FOUR = 6.5;
    /** Finding one cluster's tokens, by a block of 256 threads. */
    private static final double LANES_A_LIST = 100_000;
    /** Blocks on the emulated device; with fewer items of 32 tokens, a warp has one token at a time. */
    private static final int BLOCKS = 16;

    private ClusterCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.PLAIN) {
            kMeans(p, cases);
        }
        draws(cases);
        for (Precision p : Precision.ALL) {
            rows(p, cases);
        }
        return cases;
    }

    // ---- k-means

    private static void kMeans(Precision p, List<OpCase> cases) {
        KMeansOptions capped = new KMeansOptions(3, 1e-4f, 1e-8f, false);
        for (Extents.Pair e : Extents.pairs()) {
            int[] clusters = {1, 2, 7, 16, 64};
            int k = Math.min(e.a(), clusters[e.number() % clusters.length]);
            KMeansOptions options = switch (e.number() % 3) {
                case 0 -> KMeansOptions.DEFAULT;
                case 1 -> KMeansOptions.PUBLISHED;
                default -> capped;
            };
            cases.add(kMeans(p, 1 + e.number() % 3, e.a(), e.b(), k, options, "bell", blobs(), spread()));
        }
        cases.add(kMeans(p, 2, 256, 1152, 16, KMeansOptions.DEFAULT, "bell", blobs(), spread())); // DiT-XL
        cases.add(kMeans(p, 4, 256, 192, 16, KMeansOptions.PUBLISHED, "bell", blobs(), spread())); // shapes-dit
        cases.add(kMeans(p, 2, 33, 40, 33, KMeansOptions.DEFAULT, "k=n", blobs(), spread()));
        cases.add(kMeans(p, 2, 97, 33, 1, KMeansOptions.DEFAULT, "single", blobs(), spread()));
        cases.add(kMeans(
                p,
                2,
                97,
                33,
                5,
                KMeansOptions.DEFAULT,
                "empty",
                blobs(),
                firstToken())); // ties go to centroid 0, the others become empty
        cases.add(kMeans(p, 2, 97, 33, 5, KMeansOptions.DEFAULT, "equal", Arg.Fill.constant(0.75f), spread()));
        cases.add(kMeans(p, 2, 97, 33, 5, capped, "nan", blobs().withNaN(), spread()));
    }

    private static OpCase kMeans(
            Precision p,
            int rows,
            int tokens,
            int width,
            int clusters,
            KMeansOptions options,
            String data,
            Arg.Fill x,
            Arg.Fill start) {
        OpCase.Builder c = OpCase.of(
                        "kMeans",
                        p,
                        rows + "x" + tokens + "x" + width,
                        "k" + clusters,
                        "max" + options.maxIterations(),
                        options.together() ? "together" : "alone",
                        data)
                .policy(Policy.EXACT)
                .in("x", p.activations(), Shape.of(rows, tokens, width), x)
                .inOut("centroids", DType.F32, Shape.of(rows, clusters, width), start)
                .out("labels", DType.I32, rows, tokens)
                .out("iterations", DType.I32, rows)
                .lanes(results ->
                        kMeansLanes(tokens, width, clusters, Objects.requireNonNull(results.get("iterations"))));
        if (data.equals("nan")) {
            c.expectsNaN();
        }
        return c.call(
                r -> r.ops().kMeans(r.get("x"), options, r.get("centroids"), r.get("labels"), r.get("iterations")));
    }

    /** One iteration over tokens around a few centres: distances, labels and means. */
    static OpCase kMeansIteration(Precision p, int rows, int tokens, int width, int clusters) {
        KMeansOptions once = new KMeansOptions(1, 1e-4f, 1e-8f, false);
        return kMeans(p, rows, tokens, width, clusters, once, "bell", blobs(), spread());
    }

    /** What the CUDA kernel does: distances for whole tiles of 32 tokens, 16 centroids and 128 channels, then a mean of each cluster by a block. */
    private static long kMeansLanes(int tokens, int width, int clusters, Raw iterations) {
        int items = Math.ceilDiv(tokens, 32);
        double distances = 32.0 * items * 16 * Math.ceilDiv(clusters, 16) * 128 * Math.ceilDiv(width, 128);
        double lanes = iterations.length() * items < BLOCKS ? LANES_FOR_ONE : LANES_FOR_FOUR;
        double means = LANES_A_LIST * clusters * Math.ceilDiv(width, 1024);
        double made = 0;
        for (int i = 0; i < iterations.length(); i++) {
            made += iterations.at(i);
        }
        return (long) (made * (lanes * distances + means));
    }

    /** Tokens around a few centres, as features lie: several iterations until they settle. */
    private static Arg.Fill blobs() {
        return (arg, rng, earlier) -> {
            int width = arg.shape().size(2);
            float[] v = new float[arg.count()];
            for (int token = 0; token < v.length / width; token++) {
                int centre = rng.below(5);
                for (int i = 0; i < width; i++) {
                    v[token * width + i] = 0.35f * ((centre * 7 + i * 3) % 5 - 2) + rng.bell();
                }
            }
            return v;
        };
    }

    /** First centroids: tokens of x, evenly spread. */
    private static Arg.Fill spread() {
        return tokens(true);
    }

    /** Every first centroid is token 0. */
    private static Arg.Fill firstToken() {
        return tokens(false);
    }

    private static Arg.Fill tokens(boolean spread) {
        return (arg, rng, earlier) -> {
            float[] x = earlier.floats("x");
            int rows = arg.shape().size(0);
            int clusters = arg.shape().size(1);
            int width = arg.shape().size(2);
            int tokens = x.length / rows / width;
            float[] v = new float[arg.count()];
            for (int r = 0; r < rows; r++) {
                for (int k = 0; k < clusters; k++) {
                    int token = spread ? k * tokens / clusters : 0;
                    System.arraycopy(x, (r * tokens + token) * width, v, (r * clusters + k) * width, width);
                }
            }
            return v;
        };
    }

    // ---- draws

    private static void draws(List<OpCase> cases) {
        for (Extents.Pair e : Extents.pairs()) {
            int k = Math.min(e.a(), e.b());
            cases.add(firstTokens(1 + e.number() % 4, e.a(), k, e.number()));
            cases.add(representatives(
                    1 + e.number() % 4, 1 + e.number() % 5, e.a(), k, Math.max(1, k - e.number() % 3), e.number()));
        }
        cases.add(representatives(4, 28, 256, 16, 16, 7)); // DiT-XL
        cases.add(representatives(2, 3, 97, 97, 97, 7)); // about a third of the clusters empty
    }

    private static OpCase firstTokens(int rows, int tokens, int clusters, int seed) {
        return OpCase.of("drawFirstTokens", Precision.F32, "r" + rows, "n" + tokens, "k" + clusters)
                .policy(Policy.EXACT)
                .in("rows", DType.I32, Shape.of(rows), Arg.Fill.below(1000))
                .steps(STEP)
                .out("tokens", DType.I32, rows, clusters)
                .call(r -> r.ops().drawFirstTokens(r.draws(wide(seed), seed % 2), tokens, r.get("tokens")));
    }

    /** @param used how many of the clusters have members at all */
    static OpCase representatives(int rows, int layers, int tokens, int clusters, int used, int seed) {
        return OpCase.of(
                        "drawRepresentatives",
                        Precision.F32,
                        "r" + rows,
                        "l" + layers,
                        "n" + tokens,
                        "k" + clusters,
                        "used" + used)
                .policy(Policy.EXACT)
                .in("rows", DType.I32, Shape.of(rows), Arg.Fill.below(1000))
                .in("labels", DType.I32, Shape.of(rows, tokens), Arg.Fill.below(used))
                .steps(STEP)
                .out("representatives", DType.I32, layers, rows, clusters)
                .call(r -> r.ops()
                        .drawRepresentatives(r.draws(wide(seed), seed % 2), r.get("labels"), r.get("representatives")));
    }

    /** A seed that uses all 64 bits. */
    private static long wide(int seed) {
        return (seed + 1) * 0x9E3779B97F4A7C15L;
    }

    // ---- rows

    private static void rows(Precision p, List<OpCase> cases) {
        for (Extents.Triple t : Extents.triples()) {
            int k = Math.min(t.a(), t.c());
            int rows = 1 + t.number() % 3;
            boolean holes = t.number() % 2 == 1;
            float[] ratios = {0.1f, 0.005f, 1, 0};
            cases.add(gather(p, rows, t.a(), t.b(), k, holes ? "holes" : "whole"));
            cases.add(scatter(p, rows, t.a(), t.b(), k, holes ? "holes" : "whole"));
            cases.add(
                    propagate(p, rows, t.a(), t.b(), k, ratios[t.number() % ratios.length], holes ? "holes" : "whole"));
        }
        cases.add(gather(p, 2, 256, 1152, 16, "whole")); // DiT-XL
        cases.add(scatter(p, 2, 256, 1152, 16, "whole"));
        cases.add(propagate(p, 2, 256, 1152, 16, 0.1f, "whole"));
        cases.add(propagate(p, 4, 256, 192, 16, 0.005f, "whole")); // shapes-dit
        cases.add(gather(p, 2, 97, 33, 1, "single"));
        cases.add(propagate(p, 2, 97, 33, 1, 0.3f, "single"));
        cases.add(gather(p, 2, 33, 97, 33, "nan"));
        cases.add(scatter(p, 2, 33, 97, 33, "nan"));
        cases.add(propagate(p, 2, 33, 97, 7, 0.3f, "nan"));
    }

    static OpCase gather(Precision p, int rows, int tokens, int width, int clusters, String data) {
        return nan(
                        OpCase.of("gatherRows", p, rows + "x" + tokens + "x" + width, "k" + clusters, data)
                                .policy(Policy.EXACT)
                                .in("x", p.stream(), Shape.of(rows, tokens, width), numbers(data))
                                .in("index", DType.I32, Shape.of(rows, clusters), indices(tokens, data.equals("holes")))
                                .out("rows", p.activations(), rows, clusters, width),
                        data)
                .call(r -> r.ops().gatherRows(r.get("x"), r.get("index"), r.get("rows")));
    }

    static OpCase scatter(Precision p, int rows, int tokens, int width, int clusters, String data) {
        return nan(
                        OpCase.of("scatterRows", p, rows + "x" + tokens + "x" + width, "k" + clusters, data)
                                .policy(Policy.EXACT)
                                .in("rows", p.stream(), Shape.of(rows, clusters, width), numbers(data))
                                .in("index", DType.I32, Shape.of(rows, clusters), indices(tokens, data.equals("holes")))
                                .inOut("target", p.activations(), Shape.of(rows, tokens, width), Arg.Fill.bell(1)),
                        data)
                .call(r -> r.ops().scatterRows(r.get("rows"), r.get("index"), r.get("target")));
    }

    static OpCase propagate(Precision p, int rows, int tokens, int width, int clusters, float ratio, String data) {
        return nan(
                        OpCase.of(
                                        "propagate",
                                        p,
                                        rows + "x" + tokens + "x" + width,
                                        "k" + clusters,
                                        "ratio" + ratio,
                                        data)
                                .in("rows", p.stream(), Shape.of(rows, clusters, width), numbers(data))
                                .in("index", DType.I32, Shape.of(rows, clusters), indices(tokens, data.equals("holes")))
                                .in("labels", DType.I32, Shape.of(rows, tokens), Arg.Fill.below(clusters))
                                .inOut("target", p.activations(), Shape.of(rows, tokens, width), Arg.Fill.bell(1)),
                        data)
                .call(r -> r.ops().propagate(r.get("rows"), r.get("index"), r.get("labels"), ratio, r.get("target")));
    }

    private static Arg.Fill numbers(String data) {
        return data.equals("nan") ? Arg.Fill.bell(1).withNaN() : Arg.Fill.bell(1);
    }

    private static OpCase.Builder nan(OpCase.Builder c, String data) {
        return data.equals("nan") ? c.expectsNaN() : c;
    }

    /** Distinct tokens of each row in random order; with holes, every third is -1. */
    private static Arg.Fill indices(int tokens, boolean holes) {
        return (arg, rng, earlier) -> {
            int clusters = arg.shape().size(1);
            float[] v = new float[arg.count()];
            for (int r = 0; r < arg.shape().size(0); r++) {
                int[] order = new int[tokens];
                for (int i = 0; i < tokens; i++) {
                    int j = rng.below(i + 1);
                    order[i] = order[j];
                    order[j] = i;
                }
                for (int k = 0; k < clusters; k++) {
                    v[r * clusters + k] = holes && k % 3 == 2 ? -1 : order[k];
                }
            }
            return v;
        };
    }
}
