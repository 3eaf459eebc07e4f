package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;

/** Exact f32 arithmetic: add, sub, mul, fma, div, rcp, sqrt (IEEE rounding), min, max, neg, abs, copysign. */
final class FloatArithmetic {
    private static final int LANES = Warp.LANES;

    private FloatArithmetic() {}

    interface Unary {
        void apply(float[] d, float[] a);
    }

    interface Binary {
        void apply(float[] d, float[] a, float[] b);
    }

    interface Ternary {
        void apply(float[] d, float[] a, float[] b, float[] c);
    }

    static Op unary(Form form, Binder bind, Unary f) {
        form.expectOperands(2, 2);
        int a = bind.floatSource(form.operand(1));
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> f.apply(out, w.f[a]));
    }

    static Op binary(Form form, Binder bind, Binary f) {
        form.expectOperands(3, 3);
        int a = bind.floatSource(form.operand(1));
        int b = bind.floatSource(form.operand(2));
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> f.apply(out, w.f[a], w.f[b]));
    }

    static Op ternary(Form form, Binder bind, Ternary f) {
        form.expectOperands(4, 4);
        int a = bind.floatSource(form.operand(1));
        int b = bind.floatSource(form.operand(2));
        int c = bind.floatSource(form.operand(3));
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> f.apply(out, w.f[a], w.f[b], w.f[c]));
    }

    static Op decode(Form form, Binder bind) {
        boolean saturate = form.take("sat");
        Op op = exact(form, bind);
        return saturate ? Moves.both(op, saturated(form, bind)) : op;
    }

    private static Op saturated(Form form, Binder bind) {
        if (Binder.isInt(form.operand(0))) {
            throw form.unknown("a saturated result goes to an .f32 register");
        }
        int d = bind.floatTarget(form.operand(0));
        return Results.floats(d, (w, out) -> saturate(out, w.f[d]));
    }

    private static Op exact(Form form, Binder bind) {
        return switch (form.opcode()) {
            case "add" -> {
                Rounding rounding = Rounding.of(form);
                yield binary(
                        form,
                        bind,
                        rounding == Rounding.NEAREST ? FloatArithmetic::add : (d, a, b) -> sum(d, a, b, rounding));
            }
            case "sub" -> {
                Rounding rounding = Rounding.of(form);
                yield binary(
                        form,
                        bind,
                        rounding == Rounding.NEAREST
                                ? FloatArithmetic::sub
                                : (d, a, b) -> difference(d, a, b, rounding));
            }
            case "mul" -> {
                Rounding rounding = Rounding.of(form);
                yield binary(
                        form,
                        bind,
                        rounding == Rounding.NEAREST ? FloatArithmetic::mul : (d, a, b) -> product(d, a, b, rounding));
            }
            case "fma", "mad" -> {
                Rounding rounding = Rounding.of(form);
                yield ternary(
                        form,
                        bind,
                        rounding == Rounding.NEAREST
                                ? FloatArithmetic::fma
                                : (d, a, b, c) -> fma(d, a, b, c, rounding));
            }
            case "div" -> nearest(form, bind, FloatArithmetic::div);
            case "rcp" -> nearest(form, bind, FloatArithmetic::reciprocal);
            case "sqrt" -> nearest(form, bind, FloatArithmetic::sqrt);
            case "min" -> binary(form, bind, form.take("NaN") ? FloatArithmetic::minNaN : FloatArithmetic::min);
            case "max" -> binary(form, bind, form.take("NaN") ? FloatArithmetic::maxNaN : FloatArithmetic::max);
            case "neg" -> unary(form, bind, FloatArithmetic::neg);
            case "abs" -> unary(form, bind, FloatArithmetic::abs);
            case "copysign" -> binary(form, bind, FloatArithmetic::copySign);
            default -> throw form.unknown();
        };
    }

    private static Op nearest(Form form, Binder bind, Unary f) {
        form.ignore("rn");
        return unary(form, bind, f);
    }

    private static Op nearest(Form form, Binder bind, Binary f) {
        form.ignore("rn");
        return binary(form, bind, f);
    }

    private static void add(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + b[i];
        }
    }

    private static void sub(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] - b[i];
        }
    }

    private static void mul(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i];
        }
    }

    private static void fma(float[] d, float[] a, float[] b, float[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.fma(a[i], b[i], c[i]);
        }
    }

    private static void sum(float[] d, float[] a, float[] b, Rounding rounding) {
        for (int i = 0; i < LANES; i++) {
            d[i] = rounding.sum(a[i], b[i]);
        }
    }

    private static void difference(float[] d, float[] a, float[] b, Rounding rounding) {
        for (int i = 0; i < LANES; i++) {
            d[i] = rounding.sum(a[i], -b[i]);
        }
    }

    private static void product(float[] d, float[] a, float[] b, Rounding rounding) {
        for (int i = 0; i < LANES; i++) {
            d[i] = rounding.round((double) a[i] * b[i], 0);
        }
    }

    private static void fma(float[] d, float[] a, float[] b, float[] c, Rounding rounding) {
        for (int i = 0; i < LANES; i++) {
            d[i] = rounding.sum((double) a[i] * b[i], c[i]);
        }
    }

    private static void div(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] / b[i];
        }
    }

    private static void reciprocal(float[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = 1 / a[i];
        }
    }

    private static void sqrt(float[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (float) Math.sqrt(a[i]);
        }
    }

    /** A NaN loses against a number. */
    private static void min(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Float.isNaN(a[i]) ? b[i] : Float.isNaN(b[i]) ? a[i] : Math.min(a[i], b[i]);
        }
    }

    private static void max(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Float.isNaN(a[i]) ? b[i] : Float.isNaN(b[i]) ? a[i] : Math.max(a[i], b[i]);
        }
    }

    private static void minNaN(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i], b[i]);
        }
    }

    private static void maxNaN(float[] d, float[] a, float[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i], b[i]);
        }
    }

    private static void neg(float[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = -a[i];
        }
    }

    private static void abs(float[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.abs(a[i]);
        }
    }

    /** PTX names the sign first: {@code copysign d, sign, magnitude}. */
    private static void copySign(float[] d, float[] sign, float[] magnitude) {
        for (int i = 0; i < LANES; i++) {
            int bits = Float.floatToRawIntBits(magnitude[i]) & Integer.MAX_VALUE;
            d[i] = Float.intBitsToFloat(bits | Float.floatToRawIntBits(sign[i]) & Integer.MIN_VALUE);
        }
    }

    static void saturate(float[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] > 0 ? Math.min(a[i], 1) : 0;
        }
    }
}
