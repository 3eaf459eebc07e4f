package dev.clusca.cli.verify;

import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;

/**
 * The samples of a run step after step, in running order.
 *
 * @param samples {@code [steps][values]}
 */
record Trajectory(float[][] samples) {
    private static final double BF16_FACTOR = 2;
    /** BF16's precision. */
    private static final double BF16_FLOOR = 1.0 / 256;

    int steps() {
        return samples.length;
    }

    /**
     * Compares with expected samples, which may be those of the last steps alone.
     *
     * @param bound of the relative L2 error of every step
     * @param index the index by which a step at a place in {@code expected} is named
     * @param findings what is wrong already
     */
    Verdict follow(Trajectory expected, double bound, IntUnaryOperator index, List<String> findings) {
        List<String> all = new ArrayList<>(findings);
        Trajectory ours = tail(expected);
        double worst = 0;
        int worstStep = 0;
        for (int i = 0; i < expected.steps(); i++) {
            int step = index.applyAsInt(i);
            Comparison.Result c = Comparison.relative(
                    "samples of step " + step,
                    Raw.of(DType.F32, expected.samples[i]),
                    Raw.of(DType.F32, ours.samples[i]),
                    bound);
            if (all.isEmpty()) { // a step that went wrong takes all later ones with it
                all.addAll(c.findings());
            }
            if (!(c.error() <= worst)) {
                worst = c.error();
                worstStep = step;
            }
        }
        return Verdict.of(worst, bound, expected.steps() > 1 ? "largest at step " + worstStep : "last step", all);
    }

    /**
     * A BF16 run beside a float32 one: its error is at most twice the reference backend's, and a part of BF16's precision.
     *
     * @param note what the reference's error is
     */
    record Rounded(Comparison.Result result, String note) {
        static Rounded of(String key, Raw expected, Raw actual, Raw reference) {
            double simplest = Comparison.relative(key, expected, reference, Double.POSITIVE_INFINITY)
                    .error();
            return new Rounded(
                    Comparison.relative(key, expected, actual, BF16_FACTOR * simplest + BF16_FLOOR),
                    String.format(Locale.ROOT, "reference's bf16 error %.2e", simplest));
        }
    }

    /** As many of the last steps as {@code expected} has. */
    Trajectory tail(Trajectory expected) {
        return new Trajectory(Arrays.copyOfRange(samples, samples.length - expected.steps(), samples.length));
    }

    /** All samples, one after the other. */
    Raw joined() {
        int size = Arrays.stream(samples).mapToInt(p -> p.length).sum();
        float[] all = new float[size];
        int at = 0;
        for (float[] part : samples) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return Raw.of(DType.F32, all);
    }
}
