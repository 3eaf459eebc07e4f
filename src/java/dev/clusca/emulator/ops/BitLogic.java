package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;

/** Logic, shifts and bit fields: and, or, xor, not, cnot, lop3, shl, shr, shf, bfe, bfi, bfind, popc, clz, brev, prmt; logic on predicates too. */
final class BitLogic {
    private static final int LANES = Warp.LANES;

    private BitLogic() {}

    private interface Lane3 {
        int of(int a, int b, int c);
    }

    static Op decode(Form form, Binder bind) {
        Type type = form.type();
        if (type == Type.PRED) {
            return predicates(form, bind);
        }
        return type.bytes() == 8 ? longs(form, bind, type) : ints(form, bind, type);
    }

    private static Op ints(Form form, Binder bind, Type type) {
        boolean half = type.bytes() == 2;
        boolean signed = type.isSigned();
        return switch (form.opcode()) {
            case "and" -> IntArithmetic.binary(form, bind, type, BitLogic::and);
            case "or" -> IntArithmetic.binary(form, bind, type, BitLogic::or);
            case "xor" -> IntArithmetic.binary(form, bind, type, BitLogic::xor);
            case "not" -> IntArithmetic.unary(form, bind, type, half ? BitLogic::not16 : BitLogic::not);
            case "shl" -> shift(form, bind, type, half ? BitLogic::shl16 : BitLogic::shl);
            case "shr" ->
                shift(form, bind, type, signed ? half ? BitLogic::shrSigned16 : BitLogic::shrSigned : BitLogic::shr);
            case "popc" -> IntArithmetic.unary(form, bind, type, BitLogic::popc);
            case "clz" -> IntArithmetic.unary(form, bind, type, BitLogic::clz);
            case "brev" -> IntArithmetic.unary(form, bind, type, BitLogic::brev);
            case "bfind" -> {
                boolean amount = form.take("shiftamt");
                yield IntArithmetic.unary(form, bind, type, (d, a) -> bfind(d, a, signed, amount));
            }
            case "bfe" -> lanes3(form, bind, type, signed ? BitLogic::extractSigned : BitLogic::extract);
            case "prmt" -> lanes3(form, bind, type, BitLogic::permute);
            case "shf" -> funnel(form, bind, type);
            case "bfi" -> {
                form.expectOperands(5, 5);
                int a = bind.intSource(form.operand(1), type);
                int b = bind.intSource(form.operand(2), type);
                int c = bind.intSource(form.operand(3), type);
                int len = bind.intSource(form.operand(4), type);
                yield Results.ints(
                        bind.intTarget(form.operand(0)), (w, out) -> insert(out, w.i[a], w.i[b], w.i[c], w.i[len]));
            }
            case "lop3" -> {
                form.expectOperands(5, 5);
                int a = bind.intSource(form.operand(1), type);
                int b = bind.intSource(form.operand(2), type);
                int c = bind.intSource(form.operand(3), type);
                if (!(form.operand(4) instanceof Operand.Whole table)) {
                    throw form.unknown("its table is no number");
                }
                int lut = (int) table.value();
                yield Results.ints(bind.intTarget(form.operand(0)), (w, out) -> lop3(out, w.i[a], w.i[b], w.i[c], lut));
            }
            default -> throw form.unknown();
        };
    }

    private static Op longs(Form form, Binder bind, Type type) {
        boolean signed = type.isSigned();
        return switch (form.opcode()) {
            case "and" -> LongArithmetic.binary(form, bind, BitLogic::and);
            case "or" -> LongArithmetic.binary(form, bind, BitLogic::or);
            case "xor" -> LongArithmetic.binary(form, bind, BitLogic::xor);
            case "not" -> LongArithmetic.unary(form, bind, BitLogic::not);
            case "brev" -> LongArithmetic.unary(form, bind, BitLogic::brev);
            case "shl" -> longShift(form, bind, BitLogic::shl);
            case "shr" -> longShift(form, bind, signed ? BitLogic::shrSigned : BitLogic::shr);
            case "popc" -> longToInt(form, bind, BitLogic::popc);
            case "clz" -> longToInt(form, bind, BitLogic::clz);
            case "bfi" -> {
                form.expectOperands(5, 5);
                int a = bind.longSource(form.operand(1));
                int b = bind.longSource(form.operand(2));
                int c = bind.intSource(form.operand(3), Type.U32);
                int len = bind.intSource(form.operand(4), Type.U32);
                yield Results.longs(
                        bind.longTarget(form.operand(0)), (w, out) -> insert(out, w.l[a], w.l[b], w.i[c], w.i[len]));
            }
            case "bfe" -> {
                form.expectOperands(4, 4);
                int a = bind.longSource(form.operand(1));
                int b = bind.intSource(form.operand(2), Type.U32);
                int len = bind.intSource(form.operand(3), Type.U32);
                if (signed) {
                    throw form.unknown();
                }
                yield Results.longs(
                        bind.longTarget(form.operand(0)), (w, out) -> extract(out, w.l[a], w.i[b], w.i[len]));
            }
            default -> throw form.unknown();
        };
    }

    private static Op predicates(Form form, Binder bind) {
        int d = bind.predicateTarget(form.operand(0));
        int a = bind.predicateSource(form.operand(1));
        if (form.opcode().equals("not")) {
            form.expectOperands(2, 2);
            return Results.predicate(d, w -> ~w.p[a]);
        }
        form.expectOperands(3, 3);
        int b = bind.predicateSource(form.operand(2));
        return switch (form.opcode()) {
            case "and" -> Results.predicate(d, w -> w.p[a] & w.p[b]);
            case "or" -> Results.predicate(d, w -> w.p[a] | w.p[b]);
            case "xor" -> Results.predicate(d, w -> w.p[a] ^ w.p[b]);
            default -> throw form.unknown();
        };
    }

    /** The amount of a shift is a 32-bit number, whatever is shifted. */
    private static Op shift(Form form, Binder bind, Type type, IntArithmetic.Binary f) {
        form.expectOperands(3, 3);
        int a = bind.intSource(form.operand(1), type);
        int by = bind.intSource(form.operand(2), Type.U32);
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> f.apply(out, w.i[a], w.i[by]));
    }

    private interface LongShift {
        void apply(long[] d, long[] a, int[] by);
    }

    private static Op longShift(Form form, Binder bind, LongShift f) {
        form.expectOperands(3, 3);
        int a = bind.longSource(form.operand(1));
        int by = bind.intSource(form.operand(2), Type.U32);
        return Results.longs(bind.longTarget(form.operand(0)), (w, out) -> f.apply(out, w.l[a], w.i[by]));
    }

    private interface LongToInt {
        void apply(int[] d, long[] a);
    }

    private static Op longToInt(Form form, Binder bind, LongToInt f) {
        form.expectOperands(2, 2);
        int a = bind.longSource(form.operand(1));
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> f.apply(out, w.l[a]));
    }

    private static Op lanes3(Form form, Binder bind, Type type, Lane3 f) {
        return IntArithmetic.ternary(form, bind, type, (d, a, b, c) -> {
            for (int i = 0; i < LANES; i++) {
                d[i] = f.of(a[i], b[i], c[i]);
            }
        });
    }

    private static Op funnel(Form form, Binder bind, Type type) {
        boolean left = form.takeOne("r", "l", "r").equals("l");
        boolean wrap = form.takeOne("clamp", "wrap", "clamp").equals("wrap");
        return lanes3(form, bind, type, (low, high, by) -> {
            int n = wrap ? by & 31 : Integer.compareUnsigned(by, 32) > 0 ? 32 : by;
            long both = (long) high << 32 | low & 0xffffffffL;
            return (int) (left ? both << n >>> 32 : n == 32 ? both >>> 32 : both >>> n);
        });
    }

    private static void and(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] & b[i];
        }
    }

    private static void or(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] | b[i];
        }
    }

    private static void xor(int[] d, int[] a, int[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] ^ b[i];
        }
    }

    private static void not(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = ~a[i];
        }
    }

    private static void not16(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = ~a[i] & 0xffff;
        }
    }

    private static void and(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] & b[i];
        }
    }

    private static void or(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] | b[i];
        }
    }

    private static void xor(long[] d, long[] a, long[] b) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] ^ b[i];
        }
    }

    private static void not(long[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = ~a[i];
        }
    }

    /** Amounts beyond the width act like the width: PTX clamps where Java wraps. */
    private static void shl(int[] d, int[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (by[i] & ~31) == 0 ? a[i] << by[i] : 0;
        }
    }

    private static void shl16(int[] d, int[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (by[i] & ~15) == 0 ? a[i] << by[i] & 0xffff : 0;
        }
    }

    private static void shr(int[] d, int[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (by[i] & ~31) == 0 ? a[i] >>> by[i] : 0;
        }
    }

    private static void shrSigned(int[] d, int[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] >> ((by[i] & ~31) == 0 ? by[i] : 31);
        }
    }

    private static void shrSigned16(int[] d, int[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (short) a[i] >> ((by[i] & ~15) == 0 ? by[i] : 15) & 0xffff;
        }
    }

    private static void shl(long[] d, long[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (by[i] & ~63) == 0 ? a[i] << by[i] : 0;
        }
    }

    private static void shr(long[] d, long[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = (by[i] & ~63) == 0 ? a[i] >>> by[i] : 0;
        }
    }

    private static void shrSigned(long[] d, long[] a, int[] by) {
        for (int i = 0; i < LANES; i++) {
            d[i] = a[i] >> ((by[i] & ~63) == 0 ? by[i] : 63);
        }
    }

    private static void popc(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Integer.bitCount(a[i]);
        }
    }

    private static void clz(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Integer.numberOfLeadingZeros(a[i]);
        }
    }

    private static void brev(int[] d, int[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Integer.reverse(a[i]);
        }
    }

    private static void brev(long[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Long.reverse(a[i]);
        }
    }

    private static void popc(int[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Long.bitCount(a[i]);
        }
    }

    private static void clz(int[] d, long[] a) {
        for (int i = 0; i < LANES; i++) {
            d[i] = Long.numberOfLeadingZeros(a[i]);
        }
    }

    /** Position of the highest bit that is not the sign; -1 where there is none. */
    private static void bfind(int[] d, int[] a, boolean signed, boolean amount) {
        for (int i = 0; i < LANES; i++) {
            int x = signed && a[i] < 0 ? ~a[i] : a[i];
            int position = 31 - Integer.numberOfLeadingZeros(x);
            d[i] = amount && position >= 0 ? 31 - position : position;
        }
    }

    private static int extract(int a, int at, int length) {
        int from = at & 255;
        int bits = length & 255;
        if (from > 31 || bits == 0) {
            return 0;
        }
        int shifted = a >>> from;
        return bits > 31 ? shifted : shifted & (1 << bits) - 1;
    }

    private static int extractSigned(int a, int at, int length) {
        int from = at & 255;
        int bits = length & 255;
        if (bits == 0) {
            return 0;
        }
        int sign = a >> Math.min(from + bits - 1, 31) & 1;
        int value = extract(a, at, length);
        int known = Math.max(0, Math.min(bits, 32 - from));
        return sign != 0 && known < 32 ? value | -1 << known : value;
    }

    private static void extract(long[] d, long[] a, int[] at, int[] length) {
        for (int i = 0; i < LANES; i++) {
            int from = at[i] & 255;
            int bits = length[i] & 255;
            long shifted = from > 63 ? 0 : a[i] >>> from;
            d[i] = bits > 63 ? shifted : shifted & (1L << bits) - 1;
        }
    }

    private static void insert(int[] d, int[] a, int[] b, int[] at, int[] length) {
        for (int i = 0; i < LANES; i++) {
            int from = at[i] & 255;
            int bits = length[i] & 255;
            int mask = from > 31 ? 0 : (bits > 31 ? -1 : (1 << bits) - 1) << from;
            d[i] = b[i] & ~mask | a[i] << from & mask;
        }
    }

    private static void insert(long[] d, long[] a, long[] b, int[] at, int[] length) {
        for (int i = 0; i < LANES; i++) {
            int from = at[i] & 255;
            int bits = length[i] & 255;
            long mask = from > 63 ? 0 : (bits > 63 ? -1 : (1L << bits) - 1) << from;
            d[i] = b[i] & ~mask | a[i] << from & mask;
        }
    }

    private static int permute(int a, int b, int selector) {
        long bytes = (long) b << 32 | a & 0xffffffffL;
        int result = 0;
        for (int k = 0; k < 4; k++) {
            int select = selector >>> 4 * k & 15;
            int value = (int) (bytes >>> 8 * (select & 7)) & 255;
            if ((select & 8) != 0) {
                value = value >= 128 ? 255 : 0;
            }
            result |= value << 8 * k;
        }
        return result;
    }

    private static void lop3(int[] d, int[] a, int[] b, int[] c, int table) {
        for (int i = 0; i < LANES; i++) {
            int result = 0;
            for (int k = 0; k < 8; k++) {
                if ((table >>> k & 1) != 0) {
                    result |= ((k & 4) != 0 ? a[i] : ~a[i])
                            & ((k & 2) != 0 ? b[i] : ~b[i])
                            & ((k & 1) != 0 ? c[i] : ~c[i]);
                }
            }
            d[i] = result;
        }
    }
}
