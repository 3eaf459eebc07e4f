package dev.clusca.cli.verify;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.Case;
import dev.clusca.cases.Verdict;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Runs cases one after the other, prints a line for each and a summary, and says whether all is well. */
final class Verification {
    private final PrintWriter out;
    private final boolean quiet;
    private final boolean strict;
    private final UnaryOperator<String> rerun;
    private final BooleanSupplier cancelled;
    private final Runnable health;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private int passed;
    private int failed;
    private int skipped;
    private int notRun;

    /**
     * @param quiet whether cases that passed print no line
     * @param strict whether a skipped case is a failure
     * @param rerun makes the command that runs one case again, from the case's name
     * @param health throws if the backend cannot go on; asked after a case failed
     */
    Verification(
            PrintWriter out,
            boolean quiet,
            boolean strict,
            UnaryOperator<String> rerun,
            BooleanSupplier cancelled,
            Runnable health) {
        this.out = out;
        this.quiet = quiet;
        this.strict = strict;
        this.rerun = rerun;
        this.cancelled = cancelled;
        this.health = health;
    }

    /** Runs the cases, until one breaks the backend for good; may be called again with more. */
    void run(List<? extends Case> cases) {
        boolean broken = notRun > 0;
        for (Case c : cases) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("verify was cancelled after " + ran() + " cases");
            }
            if (broken) {
                notRun++;
                continue;
            }
            Verdict verdict = verdict(c);
            print(c, verdict);
            broken = verdict instanceof Verdict.Failed && !isHealthy();
        }
    }

    private boolean isHealthy() {
        try {
            health.run();
            return true;
        } catch (BackendException e) {
            return false;
        }
    }

    /** Prints the last line. */
    void summary(double seconds) {
        if (ran() == 0) {
            line("FAILED: no case ran");
        }
        if (notRun > 0) {
            line("FAILED: " + notRun + " cases did not run, since the last one broke the backend for good");
        }
        line(tally() + String.format(Locale.ROOT, ", in %.1f s", seconds));
    }

    /** How many cases ran, and how they ended. */
    String tally() {
        return ran() + " cases: " + passed + " passed, " + failed + " failed, " + skipped + " skipped";
    }

    /** Whether at least one case passed and none failed. */
    boolean isGood() {
        return failed == 0 && passed > 0 && !(strict && skipped > 0);
    }

    /** Counts and cases for a JSON report. */
    Map<String, Object> report() {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("ok", isGood());
        report.put("passed", passed);
        report.put("failed", failed);
        report.put("skipped", skipped);
        report.put("not_run", notRun);
        report.put("cases", rows);
        return report;
    }

    /** What went wrong, in the words of the innermost exception that has any. */
    static String cause(Throwable e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.toString() : message;
    }

    private int ran() {
        return passed + failed + skipped;
    }

    private static Verdict verdict(Case c) {
        try {
            Verdict v = c.run();
            // A NaN that got past a comparison is a failure all the same.
            return v instanceof Verdict.Passed p && !(p.error() <= p.bound())
                    ? new Verdict.Failed(p.error(), p.bound(), List.of("the measured error is not within its bound"))
                    : v;
        } catch (CancellationException e) {
            throw e;
        } catch (OperationMissingException e) {
            return new Verdict.Skipped(cause(e));
        } catch (RuntimeException | AssertionError e) {
            return Verdict.failed(cause(e));
        }
    }

    private void print(Case c, Verdict verdict) {
        String head = c.name() + "  " + c.dtype() + "  " + c.shape();
        Map<String, Object> row = new LinkedHashMap<>(Map.of("name", c.name(), "dtype", c.dtype(), "shape", c.shape()));
        switch (verdict) {
            case Verdict.Passed p -> {
                passed++;
                row.put("result", "ok");
                measured(row, p.error(), p.bound());
                row.put("note", p.note());
                if (!quiet) {
                    line(head + measured(p.error(), p.bound()) + (p.note().isEmpty() ? "" : "  (" + p.note() + ")")
                            + "  ok");
                }
            }
            case Verdict.Failed f -> {
                failed++;
                row.put("result", "failed");
                measured(row, f.error(), f.bound());
                row.put("reasons", f.reasons());
                line(head + (Double.isNaN(f.bound()) ? "" : measured(f.error(), f.bound())) + "  FAILED");
                f.reasons().forEach(reason -> line("    " + reason));
                line("    rerun: " + rerun.apply(c.name()));
            }
            case Verdict.Skipped s -> {
                skipped++;
                row.put("result", "skipped");
                row.put("reasons", List.of(s.reason()));
                line(head + "  skipped: " + s.reason() + (strict ? "  FAILED (--strict)" : ""));
            }
        }
        rows.add(row);
    }

    /** JSON has no NaN: an error that could not be measured is left out. */
    private static void measured(Map<String, Object> row, double error, double bound) {
        if (Double.isFinite(error)) {
            row.put("error", error);
        }
        if (Double.isFinite(bound)) {
            row.put("bound", bound);
        }
    }

    private static String measured(double error, double bound) {
        return String.format(Locale.ROOT, "  error %.2e  bound %.2e", error, bound);
    }

    private void line(String text) {
        out.println(text);
        out.flush();
    }
}
