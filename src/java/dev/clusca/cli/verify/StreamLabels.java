package dev.clusca.cli.verify;

import dev.clusca.backend.Ops;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.ClusCa;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Our own clusters of a stream of tokens along a golden ClusCa run, from one full step to the next: from the golden first tokens, then from the golden centroids of the full step before or, where
 * the file tells none, from ours. Labels are equal except for tokens that lie as near to the other centroid, to 1e-4; and where a token on the way was as near to two, to float32's rounding, all labels are right
 * that belong to their centroids.
 */
final class StreamLabels {
    private final GoldenContext context;
    private final GoldenStream golden;
    private final ClusCa policy;
    private final Shape shape;
    private final Tensor centroids;
    private final Tensor labels;
    private final Tensor iterations;
    private final List<String> findings = new ArrayList<>();
    private @Nullable Integer before;
    private int all;
    private int different;
    private int wrong;

    /**
     * @param tokens N
     * @param width C
     * @param arena holds the clusters
     */
    StreamLabels(GoldenContext context, GoldenStream golden, ClusCa policy, int tokens, long width, Arena arena) {
        this.context = context;
        this.golden = golden;
        this.policy = policy;
        shape = Shape.of(golden.rows(), policy.clusters(), width);
        centroids = context.backend().allocate(arena, DType.F32, shape);
        labels = context.backend().allocate(arena, DType.I32, Shape.of(golden.rows(), tokens));
        iterations = context.backend().allocate(arena, DType.I32, Shape.of(golden.rows()));
    }

    /**
     * Clusters the tokens of the next full step and compares the labels.
     *
     * @param x F32 {@code [rows, N, C]}
     * @param step by which the file names it
     */
    void cluster(Tensor x, int step) {
        Ops ops = context.backend().ops();
        if (before == null) {
            try (WorkArena once = new WorkArena(context.backend())) {
                Shape first = Shape.of(golden.rows(), policy.clusters());
                ops.gatherRows(x, context.upload(once.arena(), golden.firstTokens(), first), centroids);
            }
        } else if (golden.tellsCentroids()) {
            context.backend()
                    .write(
                            centroids,
                            Raw.of(DType.F32, golden.centroids(before)).memory());
        }
        Assignments start = new Assignments(context.floats(x), context.floats(centroids), shape);
        ops.kMeans(x, policy.kMeans(), centroids, labels, iterations);
        compare(start, context.ints(labels), golden.labels(step), step);
        before = step;
    }

    private void compare(Assignments start, int[] ours, int[] theirs, int step) {
        if (ours.length != theirs.length) {
            throw new GoldenException(golden.golden().source() + ": the labels of step " + step + golden.stream()
                    + " are " + theirs.length + "; " + ours.length + " were expected");
        }
        Assignments found = start.at(context.floats(centroids));
        int[] differing = IntStream.range(0, theirs.length)
                .filter(n -> ours[n] != theirs[n])
                .toArray();
        int[] apart = Arrays.stream(differing)
                .filter(n -> !found.isTie(n, ours[n], theirs[n]))
                .toArray();
        boolean partedByTie = apart.length > 0
                && golden.hasCentroids(step)
                && start.bothRight(policy.kMeans(), found.centroids(), ours, golden.centroids(step), theirs);
        if (apart.length > 0 && !partedByTie) {
            int n = apart[0];
            int tokens = ours.length / golden.rows();
            findings.add("labels of step " + step + golden.stream() + ": row " + (golden.first() + n / tokens)
                    + " token " + n % tokens + " has " + ours[n] + " for " + theirs[n]);
            wrong += apart.length;
        }
        different += differing.length;
        all += theirs.length;
    }

    /** What came of all streams and rows of a run. */
    static Verdict verdict(List<StreamLabels> streams) {
        List<String> findings = new ArrayList<>();
        int all = 0;
        int different = 0;
        int wrong = 0;
        for (StreamLabels stream : streams) {
            findings.addAll(stream.findings);
            all += stream.all;
            different += stream.different;
            wrong += stream.wrong;
        }
        if (wrong > 0) {
            findings.add(wrong + " of " + all + " labels differ");
        }
        return Verdict.of(
                wrong,
                0,
                (all - different) + " of " + all + " labels equal, " + (different - wrong) + " ties",
                findings);
    }
}
