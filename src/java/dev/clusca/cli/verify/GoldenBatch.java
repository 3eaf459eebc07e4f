package dev.clusca.cli.verify;

import dev.clusca.checkpoint.DitConfig;
import java.util.Arrays;

/**
 * The batch of a golden sampling run.
 *
 * @param images how many there are
 * @param rows conditional ones, and after them as many of the null class; a run without guidance may have conditional ones alone
 */
record GoldenBatch(int images, int rows) {
    /** That of {@code in.y}. */
    static GoldenBatch of(GoldenFile golden, GoldenRun run, DitConfig config) {
        int[] classes = golden.ints("in.y");
        int half = classes.length / 2;
        boolean guided = run.guidance() != 1;
        if (classes.length == 0 || guided && classes.length % 2 != 0) {
            throw new GoldenException(golden.source() + ": 'in.y' has " + classes.length
                    + " rows; conditional and as many unconditional ones were expected");
        }
        boolean unconditional = classes.length % 2 == 0
                && Arrays.stream(classes, half, classes.length).allMatch(c -> c == config.numClasses());
        return new GoldenBatch(guided || unconditional ? half : classes.length, classes.length);
    }
}
