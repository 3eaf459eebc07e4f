package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;

/** f64 arithmetic, rounded to nearest. */
final class DoubleArithmetic {
    private static final int LANES = Warp.LANES;

    private DoubleArithmetic() {}

    private interface Lane1 {
        double of(double a);
    }

    private interface Lane2 {
        double of(double a, double b);
    }

    static Op decode(Form form, Binder bind) {
        form.ignore("rn");
        return switch (form.opcode()) {
            case "add" -> binary(form, bind, (a, b) -> a + b);
            case "sub" -> binary(form, bind, (a, b) -> a - b);
            case "mul" -> binary(form, bind, (a, b) -> a * b);
            case "div" -> binary(form, bind, (a, b) -> a / b);
            case "min" -> binary(form, bind, (a, b) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b));
            case "max" -> binary(form, bind, (a, b) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b));
            case "copysign" -> binary(form, bind, (sign, magnitude) -> Math.copySign(magnitude, sign));
            case "neg" -> unary(form, bind, a -> -a);
            case "abs" -> unary(form, bind, Math::abs);
            case "sqrt" -> unary(form, bind, Math::sqrt);
            case "rcp" -> unary(form, bind, a -> 1 / a);
            case "fma", "mad" -> {
                form.expectOperands(4, 4);
                int a = bind.doubleSource(form.operand(1));
                int b = bind.doubleSource(form.operand(2));
                int c = bind.doubleSource(form.operand(3));
                yield Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> fma(out, w.d[a], w.d[b], w.d[c]));
            }
            default -> throw form.unknown();
        };
    }

    private static Op unary(Form form, Binder bind, Lane1 f) {
        form.expectOperands(2, 2);
        int a = bind.doubleSource(form.operand(1));
        return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = f.of(w.d[a][i]);
            }
        });
    }

    private static Op binary(Form form, Binder bind, Lane2 f) {
        form.expectOperands(3, 3);
        int a = bind.doubleSource(form.operand(1));
        int b = bind.doubleSource(form.operand(2));
        return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = f.of(w.d[a][i], w.d[b][i]);
            }
        });
    }

    private static void fma(double[] d, double[] a, double[] b, double[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.fma(a[i], b[i], c[i]);
        }
    }
}
