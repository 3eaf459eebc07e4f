package dev.clusca.cli.verify;

import dev.clusca.cases.Case;
import dev.clusca.cases.Verdict;
import java.util.function.Supplier;

/**
 * A case over golden values.
 *
 * @param check does the work; an exception counts as a failure
 */
record GoldenCase(String name, String dtype, String shape, Supplier<Verdict> check) implements Case {
    @Override
    public Verdict run() {
        return check.get();
    }

    static GoldenCase skipped(String name, String reason) {
        return new GoldenCase(name, "-", "-", () -> new Verdict.Skipped(reason));
    }

    static GoldenCase failed(String name, String reason) {
        return new GoldenCase(name, "-", "-", () -> Verdict.failed(reason));
    }
}
