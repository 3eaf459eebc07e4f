package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;

/** {@code setp}: comparisons that set a predicate, its opposite beside it where asked, each combined with a third predicate where asked. */
final class Comparison {
    private static final int LANES = Warp.LANES;

    private Comparison() {}

    private interface Ints {
        int of(int[] a, int[] b);
    }

    private interface Longs {
        int of(long[] a, long[] b);
    }

    private interface Floats {
        int of(float[] a, float[] b);
    }

    private interface Doubles {
        boolean of(double a, double b);
    }

    static Op decode(Form form, Binder bind) {
        Type type = form.type();
        String test = form.takeOne(
                "", "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu",
                "geu", "num", "nan");
        String with = form.takeOne("", "and", "or", "xor");
        form.expectOperands(with.isEmpty() ? 3 : 4, with.isEmpty() ? 3 : 4);
        Results.Bits bits = bits(form, bind, type, test);
        Operand to = form.operand(0);
        Operand first = to instanceof Operand.Pair pair ? pair.first() : to;
        int combined = with.isEmpty() ? 0 : bind.predicateSource(form.operand(3));
        int p = bind.predicateTarget(first);
        if (!(to instanceof Operand.Pair pair)) {
            return Results.predicate(p, w -> combine(with, bits.of(w), w.p, combined));
        }
        int q = bind.predicateTarget(pair.second());
        return (warp, mask) -> {
            int held = bits.of(warp);
            int yes = combine(with, held, warp.p, combined);
            int no = combine(with, ~held, warp.p, combined);
            warp.p[p] = warp.p[p] & ~mask | yes & mask;
            warp.p[q] = warp.p[q] & ~mask | no & mask;
        };
    }

    private static int combine(String with, int bits, int[] predicates, int other) {
        return switch (with) {
            case "and" -> bits & predicates[other];
            case "or" -> bits | predicates[other];
            case "xor" -> bits ^ predicates[other];
            default -> bits;
        };
    }

    private static Results.Bits bits(Form form, Binder bind, Type type, String test) {
        switch (Bank.of(type)) {
            case INT -> {
                int a = bind.intSource(form.operand(1), type);
                int b = bind.intSource(form.operand(2), type);
                Ints f = ints(form, type, test);
                return w -> f.of(w.i[a], w.i[b]);
            }
            case LONG -> {
                int a = bind.longSource(form.operand(1));
                int b = bind.longSource(form.operand(2));
                Longs f = longs(form, type, test);
                return w -> f.of(w.l[a], w.l[b]);
            }
            case FLOAT -> {
                int a = bind.floatSource(form.operand(1));
                int b = bind.floatSource(form.operand(2));
                Floats f = floats(form, test);
                return w -> f.of(w.f[a], w.f[b]);
            }
            case DOUBLE -> {
                int a = bind.doubleSource(form.operand(1));
                int b = bind.doubleSource(form.operand(2));
                Doubles f = doubles(form, test);
                return w -> {
                    int bits = 0;
                    for (int i = 0; i < LANES; i++) {
                        bits |= f.of(w.d[a][i], w.d[b][i]) ? 1 << i : 0;
                    }
                    return bits;
                };
            }
            default -> throw form.unknown();
        }
    }

    /** 16-bit registers are zero-extended, so only signed order needs care. */
    private static Ints ints(Form form, Type type, String test) {
        if (type.isSigned() && type.bytes() == 2) {
            return switch (test) {
                case "eq" -> Comparison::equal;
                case "ne" -> (a, b) -> ~equal(a, b);
                case "lt" -> Comparison::less16;
                case "ge" -> (a, b) -> ~less16(a, b);
                case "gt" -> (a, b) -> less16(b, a);
                case "le" -> (a, b) -> ~less16(b, a);
                default -> throw form.unknown();
            };
        }
        if (type.isSigned()) {
            return switch (test) {
                case "eq" -> Comparison::equal;
                case "ne" -> (a, b) -> ~equal(a, b);
                case "lt" -> Comparison::less;
                case "ge" -> (a, b) -> ~less(a, b);
                case "gt" -> (a, b) -> less(b, a);
                case "le" -> (a, b) -> ~less(b, a);
                default -> throw form.unknown();
            };
        }
        return switch (test) {
            case "eq" -> Comparison::equal;
            case "ne" -> (a, b) -> ~equal(a, b);
            case "lt", "lo" -> Comparison::below;
            case "ge", "hs" -> (a, b) -> ~below(a, b);
            case "gt", "hi" -> (a, b) -> below(b, a);
            case "le", "ls" -> (a, b) -> ~below(b, a);
            default -> throw form.unknown();
        };
    }

    private static Longs longs(Form form, Type type, String test) {
        boolean signed = type.isSigned();
        return switch (test) {
            case "eq" -> Comparison::equal;
            case "ne" -> (a, b) -> ~equal(a, b);
            case "lt", "lo" -> signed ? Comparison::less : Comparison::below;
            case "ge", "hs" -> signed ? (a, b) -> ~less(a, b) : (a, b) -> ~below(a, b);
            case "gt", "hi" -> signed ? (a, b) -> less(b, a) : (a, b) -> below(b, a);
            case "le", "ls" -> signed ? (a, b) -> ~less(b, a) : (a, b) -> ~below(b, a);
            default -> throw form.unknown();
        };
    }

    /** The tests that end in u hold where either number is NaN, the others do not. */
    private static Floats floats(Form form, String test) {
        return switch (test) {
            case "eq" -> Comparison::equal;
            case "neu" -> (a, b) -> ~equal(a, b);
            case "lt" -> Comparison::less;
            case "le" -> Comparison::lessOrEqual;
            case "gt" -> (a, b) -> less(b, a);
            case "ge" -> (a, b) -> lessOrEqual(b, a);
            case "ltu" -> (a, b) -> ~lessOrEqual(b, a);
            case "leu" -> (a, b) -> ~less(b, a);
            case "gtu" -> (a, b) -> ~lessOrEqual(a, b);
            case "geu" -> (a, b) -> ~less(a, b);
            case "ne" -> (a, b) -> ~equal(a, b) & ordered(a, b);
            case "equ" -> (a, b) -> equal(a, b) | ~ordered(a, b);
            case "num" -> Comparison::ordered;
            case "nan" -> (a, b) -> ~ordered(a, b);
            default -> throw form.unknown();
        };
    }

    private static Doubles doubles(Form form, String test) {
        return switch (test) {
            case "eq" -> (a, b) -> a == b;
            case "neu" -> (a, b) -> a != b;
            case "lt" -> (a, b) -> a < b;
            case "le" -> (a, b) -> a <= b;
            case "gt" -> (a, b) -> a > b;
            case "ge" -> (a, b) -> a >= b;
            case "ltu" -> (a, b) -> !(a >= b);
            case "leu" -> (a, b) -> !(a > b);
            case "gtu" -> (a, b) -> !(a <= b);
            case "geu" -> (a, b) -> !(a < b);
            case "ne" -> (a, b) -> a < b || a > b;
            case "equ" -> (a, b) -> !(a < b || a > b);
            case "num" -> (a, b) -> !Double.isNaN(a) && !Double.isNaN(b);
            case "nan" -> (a, b) -> Double.isNaN(a) || Double.isNaN(b);
            default -> throw form.unknown();
        };
    }

    private static int equal(int[] a, int[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] == b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int less(int[] a, int[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] < b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int less16(int[] a, int[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= (short) a[i] < (short) b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int below(int[] a, int[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] + Integer.MIN_VALUE < b[i] + Integer.MIN_VALUE ? 1 << i : 0;
        }
        return bits;
    }

    private static int equal(long[] a, long[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] == b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int less(long[] a, long[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] < b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int below(long[] a, long[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] + Long.MIN_VALUE < b[i] + Long.MIN_VALUE ? 1 << i : 0;
        }
        return bits;
    }

    private static int equal(float[] a, float[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] == b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int less(float[] a, float[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] < b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int lessOrEqual(float[] a, float[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= a[i] <= b[i] ? 1 << i : 0;
        }
        return bits;
    }

    private static int ordered(float[] a, float[] b) {
        int bits = 0;
        for (int i = 0; i < LANES; i++) {
            bits |= !Float.isNaN(a[i]) && !Float.isNaN(b[i]) ? 1 << i : 0;
        }
        return bits;
    }
}
