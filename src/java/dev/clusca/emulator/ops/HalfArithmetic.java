package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Type;

/** Arithmetic on bf16 and f16, alone and in pairs: fma, add, sub, mul, min, max, neg, abs. Each result is rounded once. */
final class HalfArithmetic {
    private static final int LANES = Warp.LANES;

    private HalfArithmetic() {}

    private interface Lane {
        float of(float a, float b, float c);
    }

    static Op decode(Form form, Binder bind, Type type) {
        boolean brain = type == Type.BF16 || type == Type.BF16X2;
        boolean two = type.bytes() == 4;
        form.ignore("rn");
        boolean keepNaN = form.take("NaN");
        Lane f = switch (form.opcode()) {
            case "fma" -> (a, b, c) -> fused(a, b, c);
            case "add" -> (a, b, c) -> a + b;
            case "sub" -> (a, b, c) -> a - b;
            case "mul" -> (a, b, c) -> a * b;
            case "min" ->
                (a, b, c) -> keepNaN || !Float.isNaN(a) && !Float.isNaN(b) ? Math.min(a, b) : !Float.isNaN(a) ? a : b;
            case "max" ->
                (a, b, c) -> keepNaN || !Float.isNaN(a) && !Float.isNaN(b) ? Math.max(a, b) : !Float.isNaN(a) ? a : b;
            case "neg" -> (a, b, c) -> -a;
            case "abs" -> (a, b, c) -> Math.abs(a);
            default -> throw form.unknown();
        };
        int sources = switch (form.opcode()) {
            case "fma" -> 3;
            case "neg", "abs" -> 1;
            default -> 2;
        };
        form.expectOperands(sources + 1, sources + 1);
        int a = bind.intSource(form.operand(1), type);
        int b = bind.intSource(form.operand(Math.min(2, sources)), type);
        int c = bind.intSource(form.operand(sources), type);
        return Results.ints(bind.intTarget(form.operand(0)), (w, out) -> {
            for (int i = 0; i < LANES; i++) {
                int low = one(f, brain, w.i[a][i], w.i[b][i], w.i[c][i]);
                int high = two ? one(f, brain, w.i[a][i] >>> 16, w.i[b][i] >>> 16, w.i[c][i] >>> 16) : 0;
                out[i] = high << 16 | low;
            }
        });
    }

    /** Rounded to odd, so that rounding to 16 bits afterwards rounds only once. */
    private static float fused(float a, float b, float c) {
        double product = (double) a * b;
        double sum = product + c;
        double back = sum - product;
        double lost = (product - (sum - back)) + (c - back);
        float down = Rounding.ZERO.round(sum, lost);
        boolean exact = down == sum && lost == 0 || Float.isNaN(down);
        return exact ? down : Float.intBitsToFloat(Float.floatToRawIntBits(down) | 1);
    }

    private static int one(Lane f, boolean brain, int a, int b, int c) {
        if (brain) {
            return Halves.bf16(f.of(Halves.fromBf16(a), Halves.fromBf16(b), Halves.fromBf16(c)));
        }
        return Halves.f16(f.of(Halves.fromF16(a), Halves.fromF16(b), Halves.fromF16(c)));
    }
}
