package dev.clusca.cli.verify;

import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a golden file has under its keys beside ours.
 *
 * @param file the golden file
 * @param bound of the relative L2 error
 */
record GoldenResults(Path file, double bound) {
    /**
     * Compares one tensor.
     *
     * @param ours numbers by golden key
     */
    Verdict compare(String key, Supplier<Map<String, float[]>> ours) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            Raw expected = golden.raw(key);
            float[] actual = ours.get().get(key);
            if (actual == null) {
                return new Verdict.Skipped("there is nothing of ours to compare '" + key + "' with");
            }
            if (actual.length != expected.length()) {
                return Verdict.failed(golden.source() + ": '" + key + "' has the shape " + golden.shape(key) + ", "
                        + expected.length() + " numbers; ours has " + actual.length);
            }
            Comparison.Result c = Comparison.relative(key, expected, Raw.of(DType.F32, actual), bound);
            return Verdict.of(c.error(), c.bound(), "", c.findings());
        }
    }
}
