package dev.clusca.cli.verify;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Ops;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.Case;
import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Golden k-means: every {@code <set>} of the file, from given tokens and then warm-started on a second input. Labels and iteration counts are equal, centroids within
 * 1e-6; unless a token on the way was as near to two centroids, to float32's rounding: then labels must belong to their centroids. The stop test takes the whole batch together, as
 * the published code does.
 */
final class KMeansSet {
    private static final double BOUND = 1e-6;

    private KMeansSet() {}

    static List<Case> cases(String name, Path file, GoldenContext context) {
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            for (String set : golden.groups()) {
                String shape = golden.describe(set + ".x");
                cases.add(new GoldenCase(name + "/" + set, "f32", shape, () -> check(file, set, false, context)));
                cases.add(new GoldenCase(
                        name + "/" + set + "/warm", "f32", shape, () -> check(file, set, true, context)));
            }
        }
        if (cases.isEmpty()) {
            cases.add(GoldenCase.failed(name, file + " has no set: no key has the form '<set>.x'"));
        }
        return cases;
    }

    private static Verdict check(Path file, String set, boolean warm, GoldenContext context) {
        try (GoldenFile golden = GoldenFile.open(file);
                WorkArena work = new WorkArena(context.backend())) {
            Arena arena = work.arena();
            String at = set + ".";
            int limit = golden.ints(at + "limit", 1)[0];
            Shape xShape = golden.shape(at + "x");
            Shape init = golden.shape(at + "init");
            if (xShape.rank() != 3 || init.rank() != 2) {
                throw new GoldenException(golden.source() + ": '" + at + "x' is " + xShape + " and '" + at + "init' "
                        + init + "; [rows, tokens, width] and [rows, clusters] were expected");
            }
            float[] tokens = golden.floats(at + (warm ? "x2" : "x"));
            Tensor x = context.upload(arena, tokens, xShape);
            Shape centroidShape = Shape.of(xShape.dim(0), init.dim(1), xShape.dim(2));
            Ops ops = context.backend().ops();
            Tensor centroids;
            if (warm) {
                centroids = context.upload(arena, golden.floats(at + "centroids"), centroidShape);
            } else {
                centroids = context.backend().allocate(arena, DType.F32, centroidShape);
                ops.gatherRows(x, context.upload(arena, golden.ints(at + "init"), init), centroids);
            }
            Tensor labels = context.backend().allocate(arena, DType.I32, Shape.of(xShape.dim(0), xShape.dim(1)));
            Tensor iterations = context.backend().allocate(arena, DType.I32, Shape.of(xShape.dim(0)));
            KMeansOptions published = KMeansOptions.PUBLISHED;
            KMeansOptions options = new KMeansOptions(limit, published.relative(), published.absolute(), true);
            Assignments start = new Assignments(tokens, context.floats(centroids), centroidShape);
            ops.kMeans(x, options, centroids, labels, iterations);

            String kind = at + (warm ? "warm_" : "");
            int[] ours = context.ints(labels);
            int[] theirs = golden.ints(kind + "labels");
            if (ours.length == theirs.length
                    && !Arrays.equals(ours, theirs)
                    && start.bothRight(
                            options, context.floats(centroids), ours, golden.floats(kind + "centroids"), theirs)) {
                return Verdict.of(0, BOUND, "other labels after a tie, and as right", List.of());
            }
            List<String> findings = new ArrayList<>(Comparison.exact(kind + "labels", Raw.of(theirs), Raw.of(ours))
                    .findings());
            int expected = golden.ints(at + "iterations", 2)[warm ? 1 : 0];
            for (int actual : context.ints(iterations)) {
                if (actual != expected) {
                    findings.add("iterations: " + actual + " were made, " + expected + " were expected");
                    break;
                }
            }
            Comparison.Result c = Comparison.relative(
                    kind + "centroids",
                    golden.raw(kind + "centroids"),
                    Raw.of(DType.F32, context.floats(centroids)),
                    BOUND);
            findings.addAll(c.findings());
            return Verdict.of(c.error(), BOUND, "labels equal, " + expected + " iterations", findings);
        }
    }
}
