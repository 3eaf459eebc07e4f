package dev.clusca.cases;

import dev.clusca.cases.OpCase.Policy;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Entering the model: patch embedding, timestep features, conditioning. */
final class EntryCases {
    /** Patch grids with 1, 3, 31, 32, 33, 97, 128, 200 and 257 tokens. */
    private static final int[][] GRIDS = {{1, 1}, {3, 1}, {1, 31}, {4, 8}, {3, 11}, {97, 1}, {8, 16}, {10, 20}, {1, 257}
    };

    private EntryCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            int number = 0;
            for (int[] grid : GRIDS) {
                for (int width : Extents.EDGES) {
                    int[] patches = {1, 2, 4};
                    boolean positions = number % 4 != 3;
                    cases.add(patchEmbed(
                            p,
                            1 + number % 2,
                            1 + number % 3 / 2,
                            3 + number % 2,
                            patches[number % 3],
                            grid,
                            width,
                            positions,
                            false));
                    number++;
                }
            }
            cases.add(patchEmbed(p, 1, 2, 4, 2, new int[] {16, 16}, 1152, true, false)); // DiT-XL/2
            cases.add(patchEmbed(p, 2, 2, 3, 4, new int[] {16, 16}, 192, true, false)); // shapes-dit
            cases.add(patchEmbed(p, 2, 1, 4, 2, new int[] {3, 5}, 33, true, true));
        }
        for (Precision p : Precision.PLAIN) {
            int number = 0;
            for (int steps : Extents.EDGES) {
                for (int width : new int[] {4, 32, 66, 256}) {
                    cases.add(timestepFeatures(p, steps, width, number++ % 2, false));
                }
            }
            cases.add(timestepFeatures(p, 3, 32, 0, true));
        }
        for (Precision p : Precision.ALL) {
            for (Extents.Triple t : Extents.triples()) {
                cases.add(conditioning(p, t.a(), 1 + t.b() % 4, t.c(), false));
            }
            cases.add(conditioning(p, 50, 11, 1152, false)); // DiT-XL, ten classes and the null class
            cases.add(conditioning(p, 3, 2, 33, true));
        }
        return cases;
    }

    static OpCase patchEmbed(
            Precision p,
            int images,
            int copies,
            int channels,
            int patch,
            int[] grid,
            int width,
            boolean positions,
            boolean nan) {
        int tokens = grid[0] * grid[1];
        int elements = channels * patch * patch;
        Arg.Fill pixels = Arg.Fill.bell(1);
        OpCase.Builder c = OpCase.of(
                        "patchEmbed",
                        p,
                        images + "x" + channels + "x" + grid[0] * patch + "x" + grid[1] * patch,
                        "patch" + patch,
                        "r" + copies * images,
                        "c" + width,
                        nan ? "nan" : positions ? "positions" : "plain")
                .in(
                        "images",
                        DType.F32,
                        Shape.of(images, channels, (long) grid[0] * patch, (long) grid[1] * patch),
                        nan ? pixels.withNaN() : pixels)
                .in("weight", p.activations(), Shape.of(width, elements), Arg.Fill.bell(1 / Math.sqrt(elements)))
                .in("bias", p.activations(), Shape.of(width), Arg.Fill.bell(0.5));
        if (positions) {
            c.in("positions", DType.F32, Shape.of(tokens, width), Arg.Fill.bell(0.7));
        }
        if (nan) {
            c.expectsNaN();
        }
        return c.out("x", p.stream(), (long) copies * images, tokens, width)
                .call(r -> r.ops()
                        .patchEmbed(
                                r.get("images"),
                                r.get("weight"),
                                r.get("bias"),
                                positions ? r.get("positions") : null,
                                patch,
                                r.get("x")));
    }

    private static OpCase timestepFeatures(Precision p, int steps, int width, int shift, boolean nan) {
        Arg.Fill times = Arg.Fill.below(1000);
        OpCase.Builder c = OpCase.of(
                        "timestepFeatures", p, "s" + steps, "f" + width, "shift" + shift, nan ? "nan" : "steps")
                .policy(Policy.TRANSCENDENTAL)
                .in("timesteps", DType.F32, Shape.of(steps), nan ? times.withNaN() : times)
                .out("out", p.activations(), steps, width);
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().timestepFeatures(r.get("timesteps"), shift, r.get("out")));
    }

    private static OpCase conditioning(Precision p, int steps, int labels, int width, boolean nan) {
        int classes = 11;
        Arg.Fill time = Arg.Fill.bell(1.5);
        OpCase.Builder c = OpCase.of("conditioning", p, steps + "x" + labels + "x" + width, nan ? "nan" : "labels")
                .policy(Policy.TRANSCENDENTAL)
                .in("time", p.stream(), Shape.of(steps, width), nan ? time.withNaN() : time)
                .in("table", p.stream(), Shape.of(classes, width), Arg.Fill.bell(1.5))
                .in("labels", DType.I32, Shape.of(labels), Arg.Fill.below(classes))
                .out("out", p.activations(), steps, labels, width);
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().conditioning(r.get("time"), r.get("table"), r.get("labels"), r.get("out")));
    }
}
