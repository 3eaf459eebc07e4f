package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;
import java.util.Arrays;

/** {@code mov} in all its forms, {@code cvta}, {@code selp}, and the reading of bits under another type. */
final class Moves {
    private static final int LANES = Warp.LANES;

    private Moves() {}

    static Op mov(Form form, Binder bind) {
        Type type = form.type();
        form.expectOperands(2, 2);
        Operand to = form.operand(0);
        Operand from = form.operand(1);
        if (to instanceof Operand.Group parts) {
            return unpack(form, bind, type, parts, from);
        }
        if (from instanceof Operand.Group parts) {
            return pack(form, bind, type, to, parts);
        }
        return switch (Bank.of(to instanceof Operand.Register r ? r.type() : type)) {
            case INT -> {
                int a = bind.intSource(from, type);
                yield Results.ints(bind.intTarget(to), (w, out) -> System.arraycopy(w.i[a], 0, out, 0, LANES));
            }
            case FLOAT -> {
                int a = bind.floatSource(from);
                yield Results.floats(bind.floatTarget(to), (w, out) -> System.arraycopy(w.f[a], 0, out, 0, LANES));
            }
            case LONG -> {
                int a = bind.longSource(from);
                yield Results.longs(bind.longTarget(to), (w, out) -> System.arraycopy(w.l[a], 0, out, 0, LANES));
            }
            case DOUBLE -> {
                int a = bind.doubleSource(from);
                yield Results.doubles(bind.doubleTarget(to), (w, out) -> System.arraycopy(w.d[a], 0, out, 0, LANES));
            }
            case PREDICATE -> {
                int a = bind.predicateSource(from);
                yield Results.predicate(bind.predicateTarget(to), w -> w.p[a]);
            }
        };
    }

    /** {@code mov.b32 d, {lo, hi}} and {@code mov.b64 d, {lo, hi}}. */
    private static Op pack(Form form, Binder bind, Type type, Operand to, Operand.Group parts) {
        if (parts.parts().size() != 2 || type.bytes() != 4 && type.bytes() != 8) {
            throw form.unknown();
        }
        Type half = type.bytes() == 4 ? Type.B16 : Type.B32;
        int low = bind.intSource(parts.parts().get(0), half);
        int high = bind.intSource(parts.parts().get(1), half);
        return type.bytes() == 4
                ? Results.ints(bind.intTarget(to), (w, out) -> pack16(out, w.i[low], w.i[high]))
                : Results.longs(bind.longTarget(to), (w, out) -> pack32(out, w.i[low], w.i[high]));
    }

    /** {@code mov.b32 {lo, hi}, a} and {@code mov.b64 {lo, hi}, a}. */
    private static Op unpack(Form form, Binder bind, Type type, Operand.Group parts, Operand from) {
        if (parts.parts().size() != 2 || type.bytes() != 4 && type.bytes() != 8) {
            throw form.unknown();
        }
        if (type.bytes() == 4) {
            int a = bind.intSource(from, type);
            Op low = Results.ints(bind.intTarget(parts.parts().get(0)), (w, out) -> low16(out, w.i[a]));
            Op high = Results.ints(bind.intTarget(parts.parts().get(1)), (w, out) -> high16(out, w.i[a]));
            return both(low, high);
        }
        int a = bind.longSource(from);
        Op low = Results.ints(bind.intTarget(parts.parts().get(0)), (w, out) -> low(out, w.l[a]));
        Op high = Results.ints(bind.intTarget(parts.parts().get(1)), (w, out) -> high(out, w.l[a]));
        return both(low, high);
    }

    static Op both(Op first, Op second) {
        return (warp, mask) -> {
            first.run(warp, mask);
            second.run(warp, mask);
        };
    }

    /** {@code cvta} turns an address within a space into a generic one, {@code cvta.to} does the opposite; those of global memory are the same. */
    static Op cvta(Form form, Binder bind) {
        form.type();
        boolean to = form.take("to");
        Space space = Memory.space(form);
        form.expectOperands(2, 2);
        int a = bind.longSource(form.operand(1));
        long shift = to ? -Binder.window(space) : Binder.window(space);
        return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> shifted(out, w.l[a], shift));
    }

    static Op selp(Form form, Binder bind) {
        Type type = form.type();
        form.expectOperands(4, 4);
        int p = bind.predicateSource(form.operand(3));
        Operand to = form.operand(0);
        Operand yes = form.operand(1);
        Operand no = form.operand(2);
        return switch (Bank.of(type)) {
            case INT -> {
                int a = bind.intSource(yes, type);
                int b = bind.intSource(no, type);
                yield Results.ints(bind.intTarget(to), (w, out) -> select(out, w.i[a], w.i[b], w.p[p]));
            }
            case FLOAT -> {
                int a = bind.floatSource(yes);
                int b = bind.floatSource(no);
                yield Results.floats(bind.floatTarget(to), (w, out) -> select(out, w.f[a], w.f[b], w.p[p]));
            }
            case LONG -> {
                int a = bind.longSource(yes);
                int b = bind.longSource(no);
                yield Results.longs(bind.longTarget(to), (w, out) -> select(out, w.l[a], w.l[b], w.p[p]));
            }
            case DOUBLE -> {
                int a = bind.doubleSource(yes);
                int b = bind.doubleSource(no);
                yield Results.doubles(bind.doubleTarget(to), (w, out) -> select(out, w.d[a], w.d[b], w.p[p]));
            }
            case PREDICATE -> throw form.unknown();
        };
    }

    static void clock(Warp warp, int[] out) {
        Arrays.fill(out, (int) warp.worker().ticks());
    }

    static void toFloat(float[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Float.intBitsToFloat(a[i]);
        }
    }

    static void floatBits(int[] d, float[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Float.floatToRawIntBits(a[i]);
        }
    }

    static void toDouble(double[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Double.longBitsToDouble(a[i]);
        }
    }

    static void doubleBits(long[] d, double[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Double.doubleToRawLongBits(a[i]);
        }
    }

    static void widen(long[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] & 0xffffffffL;
        }
    }

    static void low(int[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) a[i];
        }
    }

    private static void high(int[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (int) (a[i] >>> 32);
        }
    }

    private static void low16(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] & 0xffff;
        }
    }

    private static void high16(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] >>> 16;
        }
    }

    private static void pack16(int[] d, int[] low, int[] high) {
        for (int i = 0; i < LANES; i++) {
            d[i] = low[i] & 0xffff | high[i] << 16;
        }
    }

    private static void pack32(long[] d, int[] low, int[] high) {
        for (int i = 0; i < LANES; i++) {
            d[i] = low[i] & 0xffffffffL | (long) high[i] << 32;
        }
    }

    private static void shifted(long[] d, long[] a, long by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] + by;
        }
    }

    private static void select(int[] d, int[] a, int[] b, int p) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (p >>> i & 1) != 0 ? a[i] : b[i];
        }
    }

    private static void select(float[] d, float[] a, float[] b, int p) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (p >>> i & 1) != 0 ? a[i] : b[i];
        }
    }

    private static void select(long[] d, long[] a, long[] b, int p) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (p >>> i & 1) != 0 ? a[i] : b[i];
        }
    }

    private static void select(double[] d, double[] a, double[] b, int p) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (p >>> i & 1) != 0 ? a[i] : b[i];
        }
    }
}
