package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Type;

/** Arithmetic on 32-bit integers: add, sub, mul, mad, div, rem, min, max, neg, abs. Division by zero gives all ones, the remainder then the dividend, as GPUs do. */
final class IntArithmetic {
    private static final int LANES = Warp.LANES;

    private IntArithmetic() {}

    interface Unary {
        void apply(int[] d, int[] a);
    }

    interface Binary {
        void apply(int[] d, int[] a, int[] b);
    }

    interface Ternary {
        void apply(int[] d, int[] a, int[] b, int[] c);
    }

    static Op unary(Form form, Binder bind, Type type, Unary f) {
        form.expectOperands(2, 2);
        int a = bind.intSource(form.operand(1), type);
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> f.apply(out, w.i[a]));
    }

    static Op binary(Form form, Binder bind, Type type, Binary f) {
        form.expectOperands(3, 3);
        int a = bind.intSource(form.operand(1), type);
        int b = bind.intSource(form.operand(2), type);
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> f.apply(out, w.i[a], w.i[b]));
    }

    static Op ternary(Form form, Binder bind, Type type, Ternary f) {
        form.expectOperands(4, 4);
        int a = bind.intSource(form.operand(1), type);
        int b = bind.intSource(form.operand(2), type);
        int c = bind.intSource(form.operand(3), type);
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> f.apply(out, w.i[a], w.i[b], w.i[c]));
    }

    static Op decode(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        return switch (form.opcode()) {
            case "add" -> binary(form, bind, type, IntArithmetic::add);
            case "sub" -> binary(form, bind, type, IntArithmetic::sub);
            case "mul", "mul24" -> multiply(form, bind, type);
            case "mad" -> multiplyAdd(form, bind, type);
            case "div" -> binary(form, bind, type, signed ? IntArithmetic::div : IntArithmetic::divUnsigned);
            case "rem" -> binary(form, bind, type, signed ? IntArithmetic::rem : IntArithmetic::remUnsigned);
            case "min" -> binary(form, bind, type, signed ? IntArithmetic::min : IntArithmetic::minUnsigned);
            case "max" -> binary(form, bind, type, signed ? IntArithmetic::max : IntArithmetic::maxUnsigned);
            case "neg" -> unary(form, bind, type, IntArithmetic::neg);
            case "abs" -> unary(form, bind, type, IntArithmetic::abs);
            case "sad" -> ternary(form, bind, type, signed ? IntArithmetic::sad : IntArithmetic::sadUnsigned);
            default -> throw form.unknown();
        };
    }

    private static Op multiply(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        if (form.take("wide")) {
            form.expectOperands(3, 3);
            int a = bind.intSource(form.operand(1), type);
            int b = bind.intSource(form.operand(2), type);
            return Results.longs(
                    bind.longTarget(form.operand(0)),
                    signed ? (w, out) -> wide(out, w.i[a], w.i[b]) : (w, out) -> wideUnsigned(out, w.i[a], w.i[b]));
        }
        if (form.take("hi")) {
            return binary(form, bind, type, signed ? IntArithmetic::high : IntArithmetic::highUnsigned);
        }
        form.ignore("lo");
        return binary(form, bind, type, IntArithmetic::mul);
    }

    private static Op multiplyAdd(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        if (form.take("wide")) {
            form.expectOperands(4, 4);
            int a = bind.intSource(form.operand(1), type);
            int b = bind.intSource(form.operand(2), type);
            int c = bind.longSource(form.operand(3));
            return Results.longs(
                    bind.longTarget(form.operand(0)),
                    signed
                            ? (w, out) -> wideAdd(out, w.i[a], w.i[b], w.l[c])
                            : (w, out) -> wideAddUnsigned(out, w.i[a], w.i[b], w.l[c]));
        }
        if (form.take("hi")) {
            return ternary(form, bind, type, signed ? IntArithmetic::highAdd : IntArithmetic::highAddUnsigned);
        }
        form.ignore("lo");
        return ternary(form, bind, type, IntArithmetic::mad);
    }

    private static void add(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + b[i];
        }
    }

    private static void sub(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] - b[i];
        }
    }

    private static void mul(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i];
        }
    }

    private static void mad(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i] + c[i];
        }
    }

    private static void high(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) ((long) a[i] * b[i] >> 32);
        }
    }

    private static void highUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) ((a[i] & 0xffffffffL) * (b[i] & 0xffffffffL) >>> 32);
        }
    }

    private static void highAdd(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) ((long) a[i] * b[i] >> 32) + c[i];
        }
    }

    private static void highAddUnsigned(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) ((a[i] & 0xffffffffL) * (b[i] & 0xffffffffL) >>> 32) + c[i];
        }
    }

    private static void wide(long[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (long) a[i] * b[i];
        }
    }

    private static void wideUnsigned(long[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (a[i] & 0xffffffffL) * (b[i] & 0xffffffffL);
        }
    }

    private static void wideAdd(long[] d, int[] a, int[] b, long[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (long) a[i] * b[i] + c[i];
        }
    }

    private static void wideAddUnsigned(long[] d, int[] a, int[] b, long[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (a[i] & 0xffffffffL) * (b[i] & 0xffffffffL) + c[i];
        }
    }

    private static void div(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? -1 : a[i] / b[i];
        }
    }

    private static void divUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? -1 : Integer.divideUnsigned(a[i], b[i]);
        }
    }

    private static void rem(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : a[i] % b[i];
        }
    }

    private static void remUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : Integer.remainderUnsigned(a[i], b[i]);
        }
    }

    private static void min(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i], b[i]);
        }
    }

    private static void max(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i], b[i]);
        }
    }

    private static void minUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i] ^ Integer.MIN_VALUE, b[i] ^ Integer.MIN_VALUE) ^ Integer.MIN_VALUE;
        }
    }

    private static void maxUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i] ^ Integer.MIN_VALUE, b[i] ^ Integer.MIN_VALUE) ^ Integer.MIN_VALUE;
        }
    }

    private static void neg(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = -a[i];
        }
    }

    private static void abs(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.abs(a[i]);
        }
    }

    private static void sad(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = c[i] + (a[i] < b[i] ? b[i] - a[i] : a[i] - b[i]);
        }
    }

    private static void sadUnsigned(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = c[i] + (Integer.compareUnsigned(a[i], b[i]) < 0 ? b[i] - a[i] : a[i] - b[i]);
        }
    }
}
