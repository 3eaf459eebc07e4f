package dev.clusca.cases;

import dev.clusca.backend.Activation;
import dev.clusca.cases.OpCase.Policy;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A transformer block: GEMMs with their epilogues, LayerNorm, attention and what prepares its queries and keys. */
final class BlockCases {
    private static final Activation[] ACTIVATIONS = Activation.values();
    /** Chunks of a modulation, and the ones that the cases use. */
    private static final int CHUNKS = 6;

    private static final int SHIFT = 3;
    private static final int SCALE = 4;
    private static final int GATE = 5;

    /** With 1152 outputs enough for the largest tiles to be taken on a GPU of 132 multiprocessors, as batches of DiT-XL do. */
    static final int MANY_ROWS = 1100;

    /** Head widths of the tests, DiT-XL's 72 and shapes-dit's 64 among them. */
    private static final int[] HEAD_WIDTHS = {1, 3, 31, 32, 33, 64, 72, 97, 128};

    /** Head widths of a rotation's tests: FLUX's 128, DiT-XL's 72, and some that no vector divides or that registers do not hold. */
    private static final int[] ROTATED_WIDTHS = {1, 2, 32, 33, 64, 72, 98, 128, 160};

    /** What may be done to queries and keys. */
    enum Part {
        BOTH,
        NORM,
        ROPE
    }

    private BlockCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            gemms(p, cases);
            residuals(p, cases);
            norms(p, cases);
        }
        for (Precision p : Precision.PLAIN) {
            preparations(p, cases);
            attentions(p, cases);
        }
        return cases;
    }

    private static void gemms(Precision p, List<OpCase> cases) {
        for (Extents.Triple t : Extents.triples()) {
            cases.add(gemm(p, t.a(), t.b(), t.c(), ACTIVATIONS[t.number() % 3], t.number() % 5 != 4, false));
        }
        cases.add(gemm(p, 256, 1152, 1152, Activation.NONE, true, false)); // DiT-XL: proj
        cases.add(
                gemm(p, 16, 1152, 3456, Activation.NONE, true, false)); // DiT-XL: qkv, as many rows as representatives
        cases.add(gemm(p, 16, 1152, 4608, Activation.GELU_TANH, true, false)); // DiT-XL: fc1
        cases.add(gemm(p, 16, 4608, 1152, Activation.NONE, true, false)); // DiT-XL: fc2
        cases.add(gemm(p, 256, 192, 768, Activation.GELU_TANH, true, false)); // shapes-dit: fc1
        cases.add(gemm(p, 256, 768, 192, Activation.NONE, true, false)); // shapes-dit: fc2
        cases.add(gemm(p, 50, 256, 1152, Activation.SILU, true, false)); // timestep embedding
        if (p == Precision.BF16_F32) {
            cases.add(gemm(p, MANY_ROWS, 72, 1152, Activation.GELU_TANH, true, false));
        }
        for (Activation a : ACTIVATIONS) {
            cases.add(gemm(p, 33, 97, 31, a, true, true));
        }
    }

    static OpCase gemm(
            Precision p, int rows, int inputs, int outputs, Activation activation, boolean bias, boolean nan) {
        Arg.Fill a = Arg.Fill.bell(1);
        OpCase.Builder c = OpCase.of(
                        "gemm",
                        p,
                        rows + "x" + inputs + "x" + outputs,
                        activation.name().toLowerCase(Locale.ROOT),
                        nan ? "nan" : bias ? "bias" : "nobias")
                .policy(activation == Activation.NONE ? Policy.ROUNDED : Policy.TRANSCENDENTAL)
                .in("a", p.activations(), Shape.of(rows, inputs), nan ? a.withNaN() : a)
                .linear(inputs, outputs, bias)
                .lanes(_ -> lanes(p, rows, inputs, outputs))
                .out("out", p.stream(), rows, outputs);
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().gemm(r.get("a"), r.linear(), activation, r.get("out")));
    }

    /** In F32 a GPU has an instruction for each multiply-add of its tiles of 64 x 64, and a few beside it; the tensor cores do with a thousandth. */
    private static long lanes(Precision p, int rows, int inputs, int outputs) {
        return p.activations() == DType.F32
                ? 3L * 64 * Math.ceilDiv(rows, 64) * 64 * Math.ceilDiv(outputs, 64) * inputs / 2
                : 0;
    }

    private static void residuals(Precision p, List<OpCase> cases) {
        for (Extents.Triple t : Extents.triples()) {
            cases.add(gemmResidual(p, 1 + t.number() % 3, t.a(), t.b(), t.c(), t.number() % 3 != 2, false));
        }
        cases.add(gemmResidual(p, 1, 256, 1152, 1152, true, false)); // DiT-XL: proj
        cases.add(gemmResidual(p, 2, 16, 4608, 1152, true, false)); // DiT-XL: fc2
        cases.add(gemmResidual(p, 2, 256, 192, 192, true, false)); // shapes-dit: proj
        if (p == Precision.BF16_F32) {
            cases.add(gemmResidual(p, 2, MANY_ROWS / 2, 60, 1152, true, false));
        }
        cases.add(gemmResidual(p, 2, 33, 97, 31, true, true));
    }

    static OpCase gemmResidual(Precision p, int rows, int tokens, int inputs, int outputs, boolean store, boolean nan) {
        Arg.Fill a = Arg.Fill.bell(1);
        Shape x = Shape.of(rows, tokens, outputs);
        OpCase.Builder c = OpCase.of(
                        "gemmResidual",
                        p,
                        rows + "x" + tokens + "x" + inputs + "x" + outputs,
                        nan ? "nan" : store ? "feature" : "plain")
                .in("a", p.activations(), Shape.of(rows, tokens, inputs), nan ? a.withNaN() : a)
                .linear(inputs, outputs, true)
                .lanes(_ -> lanes(p, rows * tokens, inputs, outputs))
                .modulation(rows, CHUNKS, outputs, Map.of())
                .inOut("x", p.stream(), x, Arg.Fill.bell(1));
        if (store) {
            c.out("feature", p.activations(), rows, tokens, outputs);
        }
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops()
                .gemmResidual(
                        r.get("a"), r.linear(), r.modulation(), GATE, store ? r.get("feature") : null, r.get("x")));
    }

    private static void norms(Precision p, List<OpCase> cases) {
        for (Extents.Pair e : Extents.pairs()) {
            cases.add(norm(p, 1 + e.number() % 3, e.a(), e.b(), "bell", Arg.Fill.bell(1)));
        }
        cases.add(norm(p, 1, 256, 1152, "bell", Arg.Fill.bell(1))); // DiT-XL
        cases.add(norm(p, 2, 256, 192, "bell", Arg.Fill.bell(1))); // shapes-dit
        cases.add(norm(p, 2, 33, 97, "equal", Arg.Fill.constant(0.75f))); // no variance: epsilon alone keeps it finite
        cases.add(norm(p, 2, 33, 97, "nan", Arg.Fill.bell(1).withNaN()));
    }

    static OpCase norm(Precision p, int rows, int tokens, int width, String data, Arg.Fill x) {
        OpCase.Builder c = OpCase.of("layerNormModulate", p, rows + "x" + tokens + "x" + width, data)
                .in("x", p.stream(), Shape.of(rows, tokens, width), x)
                .modulation(rows, CHUNKS, width, Map.of())
                .out("out", p.activations(), rows, tokens, width);
        if (data.equals("nan")) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().layerNormModulate(r.get("x"), r.modulation(), SHIFT, SCALE, 1e-6f, r.get("out")));
    }

    private static void preparations(Precision p, List<OpCase> cases) {
        Part[] parts = Part.values();
        for (Extents.Pair e : Extents.pairs()) {
            int d = ROTATED_WIDTHS[e.number() % ROTATED_WIDTHS.length];
            int line = e.number() / ROTATED_WIDTHS.length;
            Part part = d % 2 == 1 ? Part.NORM : parts[(line + e.number()) % parts.length];
            cases.add(qkNormRope(p, 1 + line % 2, e.a(), 1 + line % 4, d, part, "bell", Arg.Fill.bell(1)));
        }
        cases.add(qkNormRope(p, 1, 64, 24, 128, Part.BOTH, "bell", Arg.Fill.bell(1))); // FLUX
        cases.add(
                qkNormRope(p, 2, 33, 3, 64, Part.BOTH, "zero", Arg.Fill.constant(0))); // epsilon alone keeps it finite
        cases.add(qkNormRope(p, 2, 33, 3, 64, Part.BOTH, "large", Arg.Fill.bell(1e4)));
        for (Part part : parts) {
            cases.add(qkNormRope(p, 2, 33, 2, 72, part, "nan", Arg.Fill.bell(1).withNaN()));
        }
    }

    static OpCase qkNormRope(
            Precision p, int rows, int tokens, int heads, int headWidth, Part part, String data, Arg.Fill qkv) {
        long width = (long) heads * headWidth;
        OpCase.Builder c = OpCase.of(
                        "qkNormRope",
                        p,
                        rows + "x" + tokens + "x" + width,
                        "heads" + heads,
                        part.name().toLowerCase(Locale.ROOT),
                        data)
                .inOut("qkv", p.activations(), Shape.of(rows, tokens, 3 * width), qkv);
        if (part != Part.ROPE) {
            c.in("queryScale", DType.F32, Shape.of(headWidth), Arg.Fill.bell(1));
            c.in("keyScale", DType.F32, Shape.of(headWidth), Arg.Fill.bell(1));
        }
        if (part != Part.NORM) {
            c.in("rotations", DType.F32, Shape.of(tokens, headWidth / 2, 2), BlockCases::rotations);
        }
        if (data.equals("nan")) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops()
                .qkNormRope(
                        r.get("qkv"),
                        heads,
                        part == Part.ROPE ? null : r.get("queryScale"),
                        part == Part.ROPE ? null : r.get("keyScale"),
                        1e-6f,
                        part == Part.NORM ? null : r.get("rotations")));
    }

    /** Cosine and sine of some angle, one after the other. */
    private static float[] rotations(Arg arg, Rng rng, OpRun.Inputs earlier) {
        float[] v = new float[arg.count()];
        for (int i = 0; i < v.length; i += 2) {
            double angle = 3 * rng.bell();
            v[i] = (float) Math.cos(angle);
            v[i + 1] = (float) Math.sin(angle);
        }
        return v;
    }

    private static void attentions(Precision p, List<OpCase> cases) {
        int number = 0;
        for (int tokens : Extents.EDGES) {
            for (int width : HEAD_WIDTHS) {
                cases.add(attention(p, 1 + number % 2, tokens, 1 + number % 3, width, "bell", Arg.Fill.bell(1)));
                number++;
            }
        }
        cases.add(attention(p, 1, 256, 16, 72, "bell", Arg.Fill.bell(1))); // DiT-XL
        cases.add(attention(p, 2, 256, 3, 64, "bell", Arg.Fill.bell(1))); // shapes-dit
        cases.add(
                attention(p, 1, 97, 2, 72, "large", Arg.Fill.bell(12))); // scores far apart: softmax must not overflow
        cases.add(attention(p, 1, 33, 2, 32, "equal", Arg.Fill.constant(0.75f)));
        cases.add(attention(p, 2, 33, 2, 80, "bell", Arg.Fill.bell(1)));
        cases.add(attention(p, 1, 97, 1, 96, "bell", Arg.Fill.bell(1)));
        cases.add(attention(p, 1, 64, 1, 512, "bell", Arg.Fill.bell(1))); // Stable Diffusion: the decoder's middle
        cases.add(attention(p, 2, 33, 2, 136, "bell", Arg.Fill.bell(1)));
        cases.add(attention(p, 1, 97, 1, 257, "large", Arg.Fill.bell(6)));
        cases.add(attention(p, 2, 31, 1, 320, "nan", Arg.Fill.bell(1).withNaN()));
        cases.add(attention(p, 2, 33, 2, 32, "nan", Arg.Fill.bell(1).withNaN()));
    }

    static OpCase attention(Precision p, int rows, int tokens, int heads, int headWidth, String data, Arg.Fill qkv) {
        long width = (long) heads * headWidth;
        DType type = p.activations();
        OpCase.Builder c = OpCase.of("attention", p, rows + "x" + tokens + "x" + width, "heads" + heads, data)
                .policy(Policy.TRANSCENDENTAL)
                .in("qkv", type, Shape.of(rows, tokens, 3 * width), qkv)
                .out("out", type, rows, tokens, width);
        if (data.equals("nan")) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().attention(r.get("qkv"), heads, r.get("out")));
    }
}
