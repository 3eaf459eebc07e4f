package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Type;

/** Arithmetic on 64-bit integers. */
final class LongArithmetic {
    private static final int LANES = Warp.LANES;

    private LongArithmetic() {}

    interface Unary {
        void apply(long[] d, long[] a);
    }

    interface Binary {
        void apply(long[] d, long[] a, long[] b);
    }

    interface Ternary {
        void apply(long[] d, long[] a, long[] b, long[] c);
    }

    static Op unary(Form form, Binder bind, Unary f) {
        form.expectOperands(2, 2);
        int a = bind.longSource(form.operand(1));
        return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> f.apply(out, w.l[a]));
    }

    static Op binary(Form form, Binder bind, Binary f) {
        form.expectOperands(3, 3);
        int a = bind.longSource(form.operand(1));
        int b = bind.longSource(form.operand(2));
        return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> f.apply(out, w.l[a], w.l[b]));
    }

    static Op ternary(Form form, Binder bind, Ternary f) {
        form.expectOperands(4, 4);
        int a = bind.longSource(form.operand(1));
        int b = bind.longSource(form.operand(2));
        int c = bind.longSource(form.operand(3));
        return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> f.apply(out, w.l[a], w.l[b], w.l[c]));
    }

    static Op decode(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        return switch (form.opcode()) {
            case "add" -> binary(form, bind, LongArithmetic::add);
            case "sub" -> binary(form, bind, LongArithmetic::sub);
            case "mul" -> {
                if (form.take("hi")) {
                    yield binary(form, bind, signed ? LongArithmetic::high : LongArithmetic::highUnsigned);
                }
                form.ignore("lo");
                yield binary(form, bind, LongArithmetic::mul);
            }
            case "mad" -> {
                if (form.take("hi")) {
                    yield ternary(form, bind, signed ? LongArithmetic::highAdd : LongArithmetic::highAddUnsigned);
                }
                form.ignore("lo");
                yield ternary(form, bind, LongArithmetic::mad);
            }
            case "div" -> binary(form, bind, signed ? LongArithmetic::div : LongArithmetic::divUnsigned);
            case "rem" -> binary(form, bind, signed ? LongArithmetic::rem : LongArithmetic::remUnsigned);
            case "min" -> binary(form, bind, signed ? LongArithmetic::min : LongArithmetic::minUnsigned);
            case "max" -> binary(form, bind, signed ? LongArithmetic::max : LongArithmetic::maxUnsigned);
            case "neg" -> unary(form, bind, LongArithmetic::neg);
            case "abs" -> unary(form, bind, LongArithmetic::abs);
            default -> throw form.unknown();
        };
    }

    private static void add(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + b[i];
        }
    }

    private static void sub(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] - b[i];
        }
    }

    private static void mul(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i];
        }
    }

    private static void mad(long[] d, long[] a, long[] b, long[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i] + c[i];
        }
    }

    private static void high(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.multiplyHigh(a[i], b[i]);
        }
    }

    private static void highUnsigned(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.unsignedMultiplyHigh(a[i], b[i]);
        }
    }

    private static void highAdd(long[] d, long[] a, long[] b, long[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.multiplyHigh(a[i], b[i]) + c[i];
        }
    }

    private static void highAddUnsigned(long[] d, long[] a, long[] b, long[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.unsignedMultiplyHigh(a[i], b[i]) + c[i];
        }
    }

    private static void div(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? -1 : a[i] / b[i];
        }
    }

    private static void divUnsigned(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? -1 : Long.divideUnsigned(a[i], b[i]);
        }
    }

    private static void rem(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : a[i] % b[i];
        }
    }

    private static void remUnsigned(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : Long.remainderUnsigned(a[i], b[i]);
        }
    }

    private static void min(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i], b[i]);
        }
    }

    private static void max(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i], b[i]);
        }
    }

    private static void minUnsigned(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i] ^ Long.MIN_VALUE, b[i] ^ Long.MIN_VALUE) ^ Long.MIN_VALUE;
        }
    }

    private static void maxUnsigned(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i] ^ Long.MIN_VALUE, b[i] ^ Long.MIN_VALUE) ^ Long.MIN_VALUE;
        }
    }

    private static void neg(long[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = -a[i];
        }
    }

    private static void abs(long[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.abs(a[i]);
        }
    }
}
