package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;

/**
 * The approximate f32 functions. A GPU's results are not known bit for bit, only their error ("PTX ISA", floating-point instructions); so each result is moved by a part of
 * that error that follows from the seed and the argument. A kernel that passes with several seeds does not rest on the bits of one machine. Results that the
 * manual names exactly (of zeros, infinities, NaN) stay exact.
 */
final class Approximation {
    private static final int LANES = Warp.LANES;
    private static final double HALF_ULP = 0x1p-24;
    private static final double LOG2_E = 1 / Math.log(2);

    /** Taylor coefficients of 2^f: ln(2)^k / k!. */
    private static final double[] EXP2 = new double[10];

    static {
        double term = 1;
        for (int k = 0; k < EXP2.length; k++) {
            EXP2[k] = term;
            term *= Math.log(2) / (k + 1);
        }
    }

    private Approximation() {}

    /** The value before its error. */
    private interface Exact {
        double of(double a);
    }

    static boolean isApproximate(Form form) {
        return form.take("approx") || form.take("full");
    }

    static Op decode(Form form, Binder bind) {
        boolean flush = form.take("ftz");
        return switch (form.opcode()) {
            case "ex2" -> function(form, bind, flush, Approximation::exp2, relative(0x1p-22));
            case "rcp" -> function(form, bind, flush, a -> 1 / a, relative(0x1p-23));
            case "rsqrt" -> function(form, bind, flush, a -> 1 / Math.sqrt(a), relative(Math.pow(2, -22.9)));
            case "sqrt" -> function(form, bind, flush, Math::sqrt, relative(0x1p-23));
            case "tanh" -> function(form, bind, flush, Math::tanh, relative(0x1p-11));
            case "lg2" -> function(form, bind, flush, a -> Math.log(a) * LOG2_E, Approximation::logarithmic);
            case "sin" -> function(form, bind, flush, Math::sin, Approximation::trigonometric);
            case "cos" -> function(form, bind, flush, Math::cos, Approximation::trigonometric);
            case "div" -> divide(form, bind, flush);
            default -> throw form.unknown();
        };
    }

    /** The largest error of a value, before it is rounded to f32. */
    private interface Bound {
        double of(double a, double value);
    }

    private static Bound relative(double bound) {
        return (a, value) -> (bound - HALF_ULP) * Math.abs(value);
    }

    private static double logarithmic(double a, double value) {
        return (0x1p-22 - HALF_ULP) * (a >= 0.5 && a <= 2 ? 1 : Math.abs(value));
    }

    private static double trigonometric(double a, double value) {
        return Math.abs(a) <= 2 * Math.PI ? Math.pow(2, -20.5) - HALF_ULP : Math.pow(2, -14.7) - HALF_ULP;
    }

    private static Op function(Form form, Binder bind, boolean flush, Exact exact, Bound bound) {
        form.expectOperands(2, 2);
        int a = bind.floatSource(form.operand(1));
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
            long seed = w.worker().launch().seed();
            for (int i = 0; i < LANES; i++) {
                float x = flush ? flush(w.f[a][i]) : w.f[a][i];
                double value = exact.of(x);
                float y = moved(value, x, bound, seed);
                out[i] = flush ? flush(y) : y;
            }
        });
    }

    private static Op divide(Form form, Binder bind, boolean flush) {
        form.expectOperands(3, 3);
        int a = bind.floatSource(form.operand(1));
        int b = bind.floatSource(form.operand(2));
        Bound bound = relative(0x1p-22);
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
            long seed = w.worker().launch().seed();
            for (int i = 0; i < LANES; i++) {
                float x = flush ? flush(w.f[a][i]) : w.f[a][i];
                float y = flush ? flush(w.f[b][i]) : w.f[b][i];
                float quotient = moved((double) x / y, y, bound, seed);
                out[i] = flush ? flush(quotient) : quotient;
            }
        });
    }

    private static float moved(double value, float argument, Bound bound, long seed) {
        boolean named = argument == 0
                || value == 0
                || Double.isInfinite(value)
                || Double.isNaN(value)
                || Float.isInfinite(argument);
        if (named) {
            return (float) value;
        }
        return (float) (value + bound.of(argument, value) * noise(argument, seed));
    }

    /** A number in (-1, 1) that follows from the argument and the seed. */
    private static double noise(float argument, long seed) {
        long z = (Float.floatToRawIntBits(argument) + seed) * 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        return (z >> 11) * 0x1p-52;
    }

    private static float flush(float x) {
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    private static double exp2(double a) {
        if (!(Math.abs(a) < 1000)) {
            return Double.isNaN(a) ? a : a > 0 ? Double.POSITIVE_INFINITY : 0;
        }
        double whole = Math.rint(a);
        double f = a - whole;
        double sum = EXP2[EXP2.length - 1];
        for (int k = EXP2.length - 2; k >= 0; k--) {
            sum = sum * f + EXP2[k];
        }
        return sum * Double.longBitsToDouble((long) whole + 1023 << 52);
    }
}
