package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;

/** {@code cvt}: between widths of integers, integers and floats, f32 and f64, and to and from bf16, f16 and tf32. */
final class Conversion {
    private static final int LANES = Warp.LANES;

    private Conversion() {}

    private interface LongOfInt {
        long of(int a);
    }

    private interface IntOfLong {
        int of(long a);
    }

    private interface WholeOf {
        double of(double a);
    }

    static Op decode(Form form, Binder bind) {
        Type from = form.type();
        Type to = form.type();
        if (to.bytes() == 4 && to.kind() == Type.Kind.PACKED && to != Type.TF32) {
            return pair(form, bind, to, from);
        }
        form.expectOperands(2, 2);
        if (to == Type.TF32 && from == Type.F32) {
            form.ignore("rna");
            int a = bind.floatSource(form.operand(1));
            return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> tf32(out, w.f[a]));
        }
        if (to.kind() == Type.Kind.PACKED) {
            return toHalf(form, bind, to, from);
        }
        if (from.kind() == Type.Kind.PACKED) {
            return fromHalf(form, bind, to, from);
        }
        if (to.isFloat()) {
            return from.isFloat() ? floatToFloat(form, bind, to, from) : integerToFloat(form, bind, to, from);
        }
        return from.isFloat() ? floatToInteger(form, bind, to, from) : integerToInteger(form, bind, to, from);
    }

    /** {@code cvt.rn.bf16x2.f32 d, high, low}. */
    private static Op pair(Form form, Binder bind, Type to, Type from) {
        form.expectOperands(3, 3);
        if (from != Type.F32 || !form.take("rn")) {
            throw form.unknown();
        }
        boolean brain = to == Type.BF16X2;
        boolean relu = form.take("relu");
        int high = bind.floatSource(form.operand(1));
        int low = bind.floatSource(form.operand(2));
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> {
            float[] a = w.f[high];
            float[] b = w.f[low];
            for (int i = 0; i < LANES; i++) {
                float x = relu && a[i] < 0 ? 0 : a[i];
                float y = relu && b[i] < 0 ? 0 : b[i];
                out[i] = brain ? Halves.bf16(x) << 16 | Halves.bf16(y) : Halves.f16(x) << 16 | Halves.f16(y);
            }
        });
    }

    private static Op toHalf(Form form, Binder bind, Type to, Type from) {
        if (from != Type.F32 || !form.take("rn")) {
            throw form.unknown();
        }
        boolean brain = to == Type.BF16;
        int a = bind.floatSource(form.operand(1));
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = brain ? Halves.bf16(w.f[a][i]) : Halves.f16(w.f[a][i]);
            }
        });
    }

    private static Op fromHalf(Form form, Binder bind, Type to, Type from) {
        if (to != Type.F32 || from.bytes() != 2) {
            throw form.unknown();
        }
        boolean brain = from == Type.BF16;
        int a = bind.intSource(form.operand(1), Type.B16);
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = brain ? Halves.fromBf16(w.i[a][i]) : Halves.fromF16(w.i[a][i]);
            }
        });
    }

    private static Op floatToFloat(Form form, Binder bind, Type to, Type from) {
        String whole = form.takeOne("", "rni", "rzi", "rmi", "rpi");
        boolean saturate = form.take("sat");
        form.ignore("ftz");
        if (!whole.isEmpty() || to == Type.F32 && from == Type.F32) {
            if (to != from) {
                throw form.unknown();
            }
            WholeOf f = whole.isEmpty() ? a -> a : whole(whole);
            if (to == Type.F64) {
                int a = bind.doubleSource(form.operand(1));
                return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
                    for (int i = 0; i < LANES; i++) {
                        out[i] = f.of(w.d[a][i]);
                    }
                });
            }
            form.ignore("rn");
            int a = bind.floatSource(form.operand(1));
            return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = (float) f.of(w.f[a][i]);
                }
                if (saturate) {
                    FloatArithmetic.saturate(out, out);
                }
            });
        }
        if (to == Type.F32) {
            Rounding rounding = Rounding.of(form);
            int a = bind.doubleSource(form.operand(1));
            return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = rounding.round(w.d[a][i], 0);
                }
            });
        }
        int a = bind.floatSource(form.operand(1));
        return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = w.f[a][i];
            }
        });
    }

    private static WholeOf whole(String rounding) {
        return switch (rounding) {
            case "rni" -> Math::rint;
            case "rmi" -> Math::floor;
            case "rpi" -> Math::ceil;
            default -> a -> a < 0 ? Math.ceil(a) : Math.floor(a);
        };
    }

    private static Op integerToFloat(Form form, Binder bind, Type to, Type from) {
        Rounding rounding = Rounding.of(form);
        boolean signed = from.isSigned();
        if (from.bytes() == 8) {
            int a = bind.longSource(form.operand(1));
            if (to == Type.F64 || rounding != Rounding.NEAREST) {
                if (to != Type.F64) {
                    throw form.unknown();
                }
                return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
                    for (int i = 0; i < LANES; i++) {
                        out[i] = signed ? (double) w.l[a][i] : unsignedToDouble(w.l[a][i]);
                    }
                });
            }
            return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = signed ? (float) w.l[a][i] : unsignedToFloat(w.l[a][i]);
                }
            });
        }
        int a = bind.intSource(form.operand(1), from);
        LongOfInt value = extension(from);
        if (to == Type.F64) {
            return Results.doubles(bind.doubleTarget(form.operand(0)), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = value.of(w.i[a][i]);
                }
            });
        }
        return Results.floats(bind.floatTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = rounding.round(value.of(w.i[a][i]), 0);
            }
        });
    }

    /** The nearest float of an unsigned number: halving keeps the lost bit in the lowest, so that ties round as they should. */
    private static float unsignedToFloat(long a) {
        return a >= 0 ? a : 2 * (float) (a >>> 1 | a & 1);
    }

    private static double unsignedToDouble(long a) {
        return a >= 0 ? a : 2 * (double) (a >>> 1 | a & 1);
    }

    private static Op floatToInteger(Form form, Binder bind, Type to, Type from) {
        WholeOf round = whole(form.takeOne("rzi", "rni", "rzi", "rmi", "rpi"));
        form.ignore("ftz", "sat");
        boolean single = from == Type.F32;
        int a = single ? bind.floatSource(form.operand(1)) : bind.doubleSource(form.operand(1));
        if (to.bytes() == 8) {
            boolean signed = to.isSigned();
            return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    double x = round.of(single ? w.f[a][i] : w.d[a][i]);
                    out[i] = signed ? signedOf(x) : unsignedOf(x);
                }
            });
        }
        long lowest = to.isSigned() ? -1L << 8 * to.bytes() - 1 : 0;
        long highest = (1L << 8 * to.bytes() - (to.isSigned() ? 1 : 0)) - 1;
        IntOfLong narrow = narrowing(to, form.operand(0));
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                double x = round.of(single ? w.f[a][i] : w.d[a][i]);
                out[i] = narrow.of(Double.isNaN(x) ? 0 : Math.clamp((long) x, lowest, highest));
            }
        });
    }

    /** A NaN becomes the lowest number, as GPUs do for 64 bits. */
    private static long signedOf(double x) {
        return Double.isNaN(x) ? Long.MIN_VALUE : (long) x;
    }

    private static long unsignedOf(double x) {
        if (Double.isNaN(x)) {
            return Long.MIN_VALUE;
        }
        if (x <= 0) {
            return 0;
        }
        return x < 0x1p63 ? (long) x : x < 0x1p64 ? (long) (x - 0x1p63) ^ Long.MIN_VALUE : -1;
    }

    private static Op integerToInteger(Form form, Binder bind, Type to, Type from) {
        boolean saturate = form.take("sat");
        if (saturate) {
            return saturating(form, bind, to, from);
        }
        Operand target = form.operand(0);
        boolean wide = Binder.registerBytes(target) == 8;
        if (from.bytes() == 8) {
            int a = bind.longSource(form.operand(1));
            if (wide) {
                LongOfInt narrowed = extension(to);
                return Results.longs(bind.longTarget(target), (w, out) -> {
                    for (int i = 0; i < LANES; i++) {
                        out[i] = to.bytes() == 8 ? w.l[a][i] : narrowed.of((int) w.l[a][i]);
                    }
                });
            }
            IntOfLong narrow = narrowing(to, target);
            return Results.ints(bind.intTarget(target), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = narrow.of(w.l[a][i]);
                }
            });
        }
        int a = bind.intSource(form.operand(1), from);
        LongOfInt value = extension(from);
        if (wide) {
            if (from == Type.S32) {
                return Results.longs(bind.longTarget(target), (w, out) -> extend(out, w.i[a]));
            }
            return Results.longs(bind.longTarget(target), (w, out) -> {
                for (int i = 0; i < LANES; i++) {
                    out[i] = value.of(w.i[a][i]);
                }
            });
        }
        IntOfLong narrow = narrowing(to, target);
        return Results.ints(bind.intTarget(target), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = narrow.of(value.of(w.i[a][i]));
            }
        });
    }

    private static Op saturating(Form form, Binder bind, Type to, Type from) {
        if (to.bytes() == 8 || from.bytes() == 8) {
            throw form.unknown();
        }
        int a = bind.intSource(form.operand(1), from);
        LongOfInt value = extension(from);
        IntOfLong narrow = narrowing(to, form.operand(0));
        long lowest = to.isSigned() ? -1L << 8 * to.bytes() - 1 : 0;
        long highest = (1L << 8 * to.bytes() - (to.isSigned() ? 1 : 0)) - 1;
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                out[i] = narrow.of(Math.clamp(value.of(w.i[a][i]), lowest, highest));
            }
        });
    }

    private static void extend(long[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i];
        }
    }

    /** A register's value as a number of its type. */
    private static LongOfInt extension(Type type) {
        return switch (type) {
            case S8 -> a -> (byte) a;
            case S16 -> a -> (short) a;
            case S32 -> a -> a;
            case U8, B8 -> a -> a & 0xff;
            case U16, B16 -> a -> a & 0xffff;
            default -> a -> a & 0xffffffffL;
        };
    }

    /** A number cut to its type and extended to the width of the register that takes it, of which only 16 bits may be used. */
    private static IntOfLong narrowing(Type type, Operand target) {
        int registerMask = Binder.registerBytes(target) == 2 ? 0xffff : -1;
        return switch (type) {
            case S8 -> a -> (byte) a & registerMask;
            case S16 -> a -> (short) a & registerMask;
            case U8, B8 -> a -> (int) a & 0xff;
            case U16, B16 -> a -> (int) a & 0xffff;
            default -> a -> (int) a & registerMask;
        };
    }

    /** tf32 keeps 10 bits of the mantissa, rounded to nearest, ties away from zero. */
    private static void tf32(int[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            int bits = Float.floatToRawIntBits(a[i]);
            boolean finite = (bits & 0x7f800000) != 0x7f800000;
            d[i] = finite ? bits + 0x1000 & ~0x1fff : bits;
        }
    }
}
