package dev.clusca.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How far results are from what they should be. */
public final class Comparison {
    /** How many differing elements a message shows. */
    private static final int SHOWN = 8;

    private Comparison() {}

    /**
     * One tensor compared.
     *
     * @param error as the comparison measures it
     * @param bound what the error may be
     * @param findings sentences, empty if all is well
     */
    public record Result(double error, double bound, List<String> findings) {}

    /** Bit for bit, but one NaN is as good as another: the error is the number of elements that differ, its bound 0. */
    public static Result exact(String what, Raw expected, Raw actual) {
        if (expected.length() != actual.length()) {
            return otherLength(what, expected, actual);
        }
        List<Integer> wrong = new ArrayList<>();
        for (int i = 0; i < expected.length(); i++) {
            if (expected.bits()[i] != actual.bits()[i] && !(expected.isNaN(i) && actual.isNaN(i))) {
                wrong.add(i);
            }
        }
        List<String> findings = wrong.isEmpty()
                ? List.of()
                : List.of(what + " must be equal, but " + wrong.size() + " of " + expected.length()
                        + " elements differ: " + first(wrong, expected, actual));
        return new Result(wrong.size(), 0, findings);
    }

    /** Relative L2 distance: {@code |actual - expected| / |expected|}. */
    public static Result relative(String what, Raw expected, Raw actual, double bound) {
        if (expected.length() != actual.length()) {
            return otherLength(what, expected, actual);
        }
        List<String> findings = specials(what, expected, actual);
        double difference = 0;
        double norm = 0;
        int finite = 0;
        for (int i = 0; i < expected.length(); i++) {
            double e = expected.at(i);
            double d = actual.at(i) - e;
            if (Double.isFinite(e) && Double.isFinite(d)) {
                difference += d * d;
                norm += e * e;
                finite++;
            }
        }
        double error = norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
        if (!(error <= bound)) {
            double typical = bound * Math.sqrt(norm / finite);
            findings.add(String.format(Locale.ROOT, "%s: relative L2 error %.3g is above %.3g; ", what, error, bound)
                    + first(above(expected, actual, typical), expected, actual));
        }
        return new Result(error, bound, findings);
    }

    /**
     * The policy for BF16: the largest error is at most {@code factor} times that of the simplest implementation in the same type, plus two units in the last place of
     * the largest value.
     *
     * @param exact the reference with nothing rounded to BF16
     * @param base the reference in the case's types
     */
    public static Result rounded(String what, Raw exact, Raw base, Raw actual, int factor) {
        if (exact.length() != actual.length()) {
            return otherLength(what, exact, actual);
        }
        List<String> findings = specials(what, exact, actual);
        double ours = 0;
        double simplest = 0;
        double largest = 0;
        for (int i = 0; i < exact.length(); i++) {
            double e = exact.at(i);
            if (Double.isFinite(e)) {
                largest = Math.max(largest, Math.abs(e));
                simplest = Math.max(simplest, finite(base.at(i) - e));
                ours = Math.max(ours, finite(actual.at(i) - e));
            }
        }
        double bound = factor * simplest + 2 * bf16Ulp(largest);
        if (!(ours <= bound)) {
            findings.add(String.format(
                            Locale.ROOT,
                            "%s: largest error %.3g is above %.3g (%d times the error %.3g of the simplest implementation, plus 2 ulp of %.3g); ",
                            what,
                            ours,
                            bound,
                            factor,
                            simplest,
                            largest)
                    + first(above(exact, actual, bound), exact, actual));
        }
        return new Result(ours, bound, findings);
    }

    /** The distance from {@code value} to the next larger BF16. */
    public static double bf16Ulp(double value) {
        return value == 0 ? 0 : Math.scalb(1.0, Math.getExponent(value) - 7);
    }

    private static Result otherLength(String what, Raw expected, Raw actual) {
        return new Result(
                Double.POSITIVE_INFINITY,
                0,
                List.of(what + " has " + actual.length() + " elements, " + expected.length() + " were expected"));
    }

    /** NaNs and infinities stand at the same places on both sides. */
    private static List<String> specials(String what, Raw expected, Raw actual) {
        List<Integer> wrong = new ArrayList<>();
        for (int i = 0; i < expected.length(); i++) {
            double e = expected.at(i);
            double a = actual.at(i);
            boolean same = Double.isNaN(e) ? Double.isNaN(a) : Double.isInfinite(e) ? a == e : Double.isFinite(a);
            if (!same) {
                wrong.add(i);
            }
        }
        List<String> findings = new ArrayList<>();
        if (!wrong.isEmpty()) {
            findings.add(what + ": NaN or infinity at " + wrong.size()
                    + " places where it should not be, or missing there: " + first(wrong, expected, actual));
        }
        return findings;
    }

    private static double finite(double difference) {
        return Double.isFinite(difference) ? Math.abs(difference) : 0; // specials() tells of the others
    }

    private static List<Integer> above(Raw expected, Raw actual, double limit) {
        List<Integer> wrong = new ArrayList<>();
        for (int i = 0; i < expected.length(); i++) {
            if (Math.abs(actual.at(i) - expected.at(i)) > limit) {
                wrong.add(i);
            }
        }
        return wrong;
    }

    private static String first(List<Integer> places, Raw expected, Raw actual) {
        StringBuilder text = new StringBuilder();
        for (int i : places.subList(0, Math.min(SHOWN, places.size()))) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append('[')
                    .append(i)
                    .append("] ")
                    .append(number(actual, i))
                    .append(" for ")
                    .append(number(expected, i));
        }
        return text.append(places.size() > SHOWN ? ", .." : "").toString();
    }

    private static String number(Raw raw, int i) {
        return switch (raw.dtype()) {
            case F32 -> Float.toString((float) raw.at(i));
            case BF16 -> Float.toString((float) raw.at(i));
            default -> Integer.toString(raw.bits()[i]);
        };
    }
}
