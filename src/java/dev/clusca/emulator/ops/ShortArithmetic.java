package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Type;

/** Arithmetic on 16-bit integers, which registers hold zero-extended. */
final class ShortArithmetic {
    private static final int LANES = Warp.LANES;

    private ShortArithmetic() {}

    static Op decode(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        return switch (form.opcode()) {
            case "add" -> IntArithmetic.binary(form, bind, type, ShortArithmetic::add);
            case "sub" -> IntArithmetic.binary(form, bind, type, ShortArithmetic::sub);
            case "mul" -> {
                if (form.take("wide")) {
                    yield IntArithmetic.binary(
                            form, bind, type, signed ? ShortArithmetic::wide : ShortArithmetic::wideUnsigned);
                }
                if (form.take("hi")) {
                    yield IntArithmetic.binary(
                            form, bind, type, signed ? ShortArithmetic::high : ShortArithmetic::highUnsigned);
                }
                form.ignore("lo");
                yield IntArithmetic.binary(form, bind, type, ShortArithmetic::mul);
            }
            case "mad" -> {
                form.ignore("lo");
                yield IntArithmetic.ternary(form, bind, type, ShortArithmetic::mad);
            }
            case "div" ->
                IntArithmetic.binary(form, bind, type, signed ? ShortArithmetic::div : ShortArithmetic::divUnsigned);
            case "rem" ->
                IntArithmetic.binary(form, bind, type, signed ? ShortArithmetic::rem : ShortArithmetic::remUnsigned);
            case "min" ->
                IntArithmetic.binary(form, bind, type, signed ? ShortArithmetic::min : ShortArithmetic::minUnsigned);
            case "max" ->
                IntArithmetic.binary(form, bind, type, signed ? ShortArithmetic::max : ShortArithmetic::maxUnsigned);
            case "neg" -> IntArithmetic.unary(form, bind, type, ShortArithmetic::neg);
            case "abs" -> IntArithmetic.unary(form, bind, type, ShortArithmetic::abs);
            default -> throw form.unknown();
        };
    }

    private static void add(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + b[i] & 0xffff;
        }
    }

    private static void sub(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] - b[i] & 0xffff;
        }
    }

    private static void mul(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i] & 0xffff;
        }
    }

    private static void mad(int[] d, int[] a, int[] b, int[] c) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i] + c[i] & 0xffff;
        }
    }

    private static void wide(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (short) a[i] * (short) b[i];
        }
    }

    private static void wideUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i];
        }
    }

    private static void high(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (short) a[i] * (short) b[i] >>> 16;
        }
    }

    private static void highUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] * b[i] >>> 16;
        }
    }

    private static void div(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? 0xffff : (short) a[i] / (short) b[i] & 0xffff;
        }
    }

    private static void divUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? 0xffff : a[i] / b[i];
        }
    }

    private static void rem(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : (short) a[i] % (short) b[i] & 0xffff;
        }
    }

    private static void remUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = b[i] == 0 ? a[i] : a[i] % b[i];
        }
    }

    private static void min(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min((short) a[i], (short) b[i]) & 0xffff;
        }
    }

    private static void max(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max((short) a[i], (short) b[i]) & 0xffff;
        }
    }

    private static void minUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.min(a[i], b[i]);
        }
    }

    private static void maxUnsigned(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.max(a[i], b[i]);
        }
    }

    private static void neg(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = -a[i] & 0xffff;
        }
    }

    private static void abs(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Math.abs((short) a[i]) & 0xffff;
        }
    }
}
