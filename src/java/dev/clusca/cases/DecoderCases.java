package dev.clusca.cases;

import dev.clusca.backend.Activation;
import dev.clusca.cases.OpCase.Policy;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An autoencoder's decoder: convolutions and group norms. */
final class DecoderCases {
    /** Groups of the published autoencoders. */
    static final int GROUPS = 32;

    private DecoderCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            convolutions(p, cases);
            norms(p, cases);
        }
        return cases;
    }

    private static void convolutions(Precision p, List<OpCase> cases) {
        int[] heights = {1, 3, 31, 5, 2, 8, 33, 4, 7};
        for (Extents.Triple t : Extents.triples()) {
            // Filters of both sizes, plain and enlarged, with and without a residual, meet every pair of extents.
            int size = t.number() % 3 == 2 ? 1 : 3;
            int height = heights[t.number() % 7 == 0 ? t.a() % 9 : t.number() % 2 == 0 ? 1 : 4];
            int images = t.a() * height < 300 ? 1 + t.number() % 2 : 1;
            cases.add(convolution(
                    p, images, height, t.a(), t.b(), t.c(), size, t.number() % 4 == 1, t.number() % 5 < 2, "bell"));
        }
        cases.add(convolution(p, 1, 8, 8, 512, 512, 3, false, true, "bell")); // Stable Diffusion: the middle
        cases.add(convolution(p, 1, 8, 8, 256, 256, 3, true, false, "bell")); // Stable Diffusion: enlarging
        cases.add(convolution(p, 1, 26, 47, 18, 33, 3, true, true, "bell")); // enlarging, in several pieces and blocks
        cases.add(convolution(p, 1, 3, 5, 520, 33, 3, true, false, "bell")); // enlarging, with many channels
        cases.add(convolution(p, 1, 32, 32, 128, 3, 3, false, false, "bell")); // Stable Diffusion: the last
        cases.add(convolution(p, 1, 32, 32, 4, 512, 3, false, false, "bell")); // Stable Diffusion: the first
        if (p == Precision.BF16_F32) { // pixels as many as the largest tiles need on 132 multiprocessors
            cases.add(convolution(p, 1, 96, 96, 32, 128, 3, false, true, "bell"));
        }
        cases.add(convolution(p, 2, 5, 33, 31, 33, 3, false, true, "nan"));
        cases.add(convolution(p, 1, 3, 7, 33, 97, 3, true, false, "nan"));
    }

    static OpCase convolution(
            Precision p,
            int images,
            int height,
            int width,
            int channels,
            int outputs,
            int size,
            boolean doubled,
            boolean adds,
            String data) {
        boolean nan = data.equals("nan");
        int scale = doubled ? 2 : 1;
        Arg.Fill x = Arg.Fill.bell(1);
        OpCase.Builder c = OpCase.of(
                        "convolve",
                        p,
                        images + "x" + height + "x" + width + "x" + channels + "x" + outputs,
                        size == 1 ? "1x1" : "3x3",
                        doubled ? "doubled" : "plain",
                        adds ? "residual" : "alone",
                        data)
                .in("x", p.activations(), Shape.of(images, height, width, channels), nan ? x.withNaN() : x)
                .linear(size * size * channels, outputs, height != 2)
                .lanes(_ ->
                        lanes(p, images * scale * height * scale * width, channels, size * size * channels, outputs));
        if (adds) {
            c.inOut(
                    "out",
                    p.stream(),
                    Shape.of(images, (long) scale * height, (long) scale * width, outputs),
                    Arg.Fill.bell(1));
        } else {
            c.out("out", p.stream(), images, (long) scale * height, (long) scale * width, outputs);
        }
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().convolve(r.get("x"), r.linear(), doubled, adds ? r.get("out") : null, r.get("out")));
    }

    /**
     * In F32 a GPU has an instruction for each multiply-add of its tiles of 64 x 64, and a few beside it. Where 16 bytes are not whole pixels' channels, the pixels around each are brought
     * to each tile one element at a time.
     */
    private static long lanes(Precision p, int pixels, int channels, int inputs, int outputs) {
        boolean f32 = p.activations() == DType.F32;
        long rows = Math.ceilDiv(pixels, f32 ? 64 : 128) * (f32 ? 64L : 128L) * inputs;
        long products = f32 ? 2L * 64 * Math.ceilDiv(outputs, 64) * rows : 0;
        return products + (channels % (f32 ? 4 : 8) == 0 ? 0 : 30 * rows * Math.ceilDiv(outputs, 64));
    }

    private static void norms(Precision p, List<OpCase> cases) {
        for (Extents.Pair e : Extents.pairs()) {
            int groups = e.b() % GROUPS == 0 ? GROUPS : e.number() % 2 == 0 ? 1 : e.b();
            cases.add(norm(
                    p,
                    1 + e.number() % 3,
                    1 + e.number() % 4,
                    e.a(),
                    e.b(),
                    groups,
                    e.number() % 2 == 1,
                    "bell",
                    Arg.Fill.bell(1)));
        }
        cases.add(norm(p, 1, 32, 32, 512, GROUPS, true, "bell", Arg.Fill.bell(1))); // Stable Diffusion
        cases.add(norm(p, 2, 5, 13, 96, GROUPS, true, "offset", offset(100)));
        cases.add(norm(
                p, 1, 3, 7, 96, GROUPS, false, "equal", Arg.Fill.constant(0.75f))); // epsilon alone keeps it finite
        cases.add(norm(p, 2, 9, 11, 64, GROUPS, true, "nan", Arg.Fill.bell(1).withNaN()));
    }

    /** Numbers around a mean that is far from 0: a variance made of squares would lose them. */
    private static Arg.Fill offset(float mean) {
        Arg.Fill bell = Arg.Fill.bell(1);
        return (arg, rng, earlier) -> {
            float[] v = bell.values(arg, rng, earlier);
            for (int i = 0; i < v.length; i++) {
                v[i] += mean;
            }
            return v;
        };
    }

    static OpCase norm(
            Precision p,
            int images,
            int height,
            int width,
            int channels,
            int groups,
            boolean silu,
            String data,
            Arg.Fill x) {
        Activation activation = silu ? Activation.SILU : Activation.NONE;
        OpCase.Builder c = OpCase.of(
                        "groupNorm",
                        p,
                        images + "x" + height + "x" + width + "x" + channels,
                        "groups" + groups,
                        activation.name().toLowerCase(Locale.ROOT),
                        data)
                .policy(silu ? Policy.TRANSCENDENTAL : Policy.ROUNDED)
                .in("x", p.stream(), Shape.of(images, height, width, channels), x)
                .in("weight", DType.F32, Shape.of(channels), Arg.Fill.bell(1))
                .in("bias", DType.F32, Shape.of(channels), Arg.Fill.bell(0.5))
                .out("out", p.activations(), images, height, width, channels);
        if (data.equals("nan")) {
            c.expectsNaN();
        }
        return c.call(r ->
                r.ops().groupNorm(r.get("x"), groups, r.get("weight"), r.get("bias"), 1e-6f, activation, r.get("out")));
    }
}
