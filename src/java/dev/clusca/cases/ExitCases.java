package dev.clusca.cases;

import dev.clusca.backend.StepTable.Column;
import dev.clusca.cases.OpCase.Policy;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Leaving the model: unpatchify, guidance, sampler updates; and the housekeeping operations. */
final class ExitCases {
    private static final int[][] GRIDS = {{1, 1}, {3, 1}, {1, 31}, {4, 8}, {3, 11}, {97, 1}, {8, 16}, {10, 20}, {1, 257}
    };

    private ExitCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.PLAIN) {
            int number = 0;
            for (int[] grid : GRIDS) {
                for (int channels : new int[] {1, 3, 6, 8}) {
                    cases.add(unpatchify(p, 1 + number % 3, channels, 1 << number % 3, grid, "bell"));
                    number++;
                }
            }
            cases.add(unpatchify(p, 2, 8, 2, new int[] {16, 16}, "bell")); // DiT-XL/2
            cases.add(unpatchify(p, 2, 6, 4, new int[] {16, 16}, "bell")); // shapes-dit
            cases.add(unpatchify(p, 2, 6, 2, new int[] {3, 5}, "nan"));
        }
        for (Extents.Pair e : Extents.pairs()) {
            cases.add(guidance(
                    1 + e.number() % 3,
                    1 + e.number() % 8,
                    1 + e.number() % (1 + e.number() % 8),
                    e.a(),
                    e.b(),
                    "bell"));
            cases.add(ddim(
                    1 + e.number() % 2, 1 + e.number() % 4, e.a(), e.b(), e.number() % 3, e.number() % 2 == 0, "bell"));
            cases.add(ddpm(
                    1 + e.number() % 2,
                    1 + e.number() % 4,
                    e.a(),
                    e.b(),
                    e.number() % 3 != 0,
                    e.number() % 2 == 0,
                    "bell"));
        }
        cases.add(guidance(2, 8, 3, 32, 32, "bell")); // DiT-XL at 256 pixels
        cases.add(guidance(2, 8, 3, 3, 5, "nan"));
        cases.add(ddim(2, 4, 32, 32, 0, false, "bell"));
        cases.add(ddim(2, 4, 3, 5, 0, false, "nan"));
        cases.add(ddpm(2, 4, 32, 32, true, false, "bell"));
        cases.add(ddpm(2, 4, 3, 5, true, false, "nan"));
        for (int n : Extents.EDGES) {
            cases.add(cast(Precision.F32, DType.F32, DType.F32, n));
            cases.add(cast(Precision.BF16_F32, DType.F32, DType.BF16, n));
            cases.add(cast(Precision.BF16_F32, DType.BF16, DType.F32, n));
            cases.add(cast(Precision.BF16, DType.BF16, DType.BF16, n));
        }
        cases.add(cast(Precision.BF16_F32, DType.F32, DType.BF16, 257 * 1152));
        cases.add(advance());
        return cases;
    }

    static OpCase unpatchify(Precision p, int rows, int channels, int patch, int[] grid, String data) {
        int tokens = grid[0] * grid[1];
        return nan(
                        OpCase.of(
                                        "unpatchify",
                                        p,
                                        rows + "x" + channels + "x" + grid[0] * patch + "x" + grid[1] * patch,
                                        "patch" + patch,
                                        data)
                                .policy(Policy.EXACT)
                                .in(
                                        "tokens",
                                        p.activations(),
                                        Shape.of(rows, tokens, (long) patch * patch * channels),
                                        numbers(data))
                                .out(
                                        "images",
                                        DType.F32,
                                        rows,
                                        channels,
                                        (long) grid[0] * patch,
                                        (long) grid[1] * patch),
                        data)
                .call(r -> r.ops().unpatchify(r.get("tokens"), patch, r.get("images")));
    }

    static OpCase guidance(int images, int all, int channels, int height, int width, String data) {
        return nan(
                        OpCase.of(
                                        "guidance",
                                        Precision.F32,
                                        2 * images + "x" + all + "x" + height + "x" + width,
                                        "channels" + channels,
                                        data)
                                .inOut("output", DType.F32, Shape.of(2L * images, all, height, width), numbers(data)),
                        data)
                .call(r -> r.ops().guidance(r.get("output"), 3, channels));
    }

    /** @param noise 0: none, null is given; 1: added; 2: given but of weight 0, so that reading its NaNs would show */
    static OpCase ddim(int images, int channels, int height, int width, int noise, boolean clip, String data) {
        Map<Column, Float> columns = new EnumMap<>(Column.class);
        columns.put(Column.SAMPLE_TO_START, 1.8257419f); // alphaBar 0.3
        columns.put(Column.NOISE_TO_START, 1.5275252f);
        columns.put(Column.START_WEIGHT, 0.6324555f);
        columns.put(Column.SECOND_WEIGHT, 0.7416198f);
        columns.put(Column.NOISE_WEIGHT, noise == 1 ? 0.22360679f : 0f);
        Shape x = Shape.of(images, channels, height, width);
        OpCase.Builder c = OpCase.of(
                        "ddimUpdate",
                        Precision.F32,
                        images + "x" + channels + "x" + height + "x" + width,
                        "noise" + noise,
                        clip ? "clip" : "free",
                        data)
                .in("output", DType.F32, Shape.of(2L * images, 2L * channels, height, width), Arg.Fill.bell(1))
                .inOut("x", DType.F32, x, numbers(data))
                .steps(columns);
        if (noise > 0) {
            c.in("noise", DType.F32, x, noise == 1 ? Arg.Fill.bell(1) : Arg.Fill.constant(Float.NaN));
        }
        return nan(c, data)
                .call(r -> r.ops()
                        .ddimUpdate(r.get("x"), r.get("output"), noise > 0 ? r.get("noise") : null, clip, r.steps()));
    }

    private static OpCase ddpm(
            int images, int channels, int height, int width, boolean noisy, boolean clip, String data) {
        Map<Column, Float> columns = new EnumMap<>(Column.class);
        columns.put(Column.SAMPLE_TO_START, 1.8257419f);
        columns.put(Column.NOISE_TO_START, 1.5275252f);
        columns.put(Column.START_WEIGHT, 0.12f);
        columns.put(Column.SECOND_WEIGHT, 0.87f);
        columns.put(Column.NOISE_WEIGHT, noisy ? 1f : 0f);
        columns.put(Column.LOG_VARIANCE_MIN, -4.1f);
        columns.put(Column.LOG_VARIANCE_MAX, -3.9f);
        Shape x = Shape.of(images, channels, height, width);
        return nan(
                        OpCase.of(
                                        "ddpmUpdate",
                                        Precision.F32,
                                        images + "x" + channels + "x" + height + "x" + width,
                                        noisy ? "noise" : "last",
                                        clip ? "clip" : "free",
                                        data)
                                .policy(Policy.TRANSCENDENTAL)
                                .in(
                                        "output",
                                        DType.F32,
                                        Shape.of(2L * images, 2L * channels, height, width),
                                        Arg.Fill.bell(1))
                                .in("noise", DType.F32, x, noisy ? Arg.Fill.bell(1) : Arg.Fill.constant(Float.NaN))
                                .inOut("x", DType.F32, x, numbers(data))
                                .steps(columns),
                        data)
                .call(r -> r.ops().ddpmUpdate(r.get("x"), r.get("output"), r.get("noise"), clip, r.steps()));
    }

    static OpCase cast(Precision p, DType from, DType to, int elements) {
        return OpCase.of("cast", p, from + "-" + to, elements)
                .policy(Policy.EXACT)
                .in("source", from, Shape.of(elements), corners())
                .out("target", to, elements)
                .call(r -> r.ops().cast(r.get("source"), r.get("target")));
    }

    /** Random bit patterns of every magnitude, and ties between two BF16 numbers; no NaNs. */
    private static Arg.Fill corners() {
        return (arg, rng, earlier) -> {
            float[] v = new float[arg.count()];
            for (int i = 0; i < v.length; i++) {
                int bits = i % 3 == 0 ? rng.bits() & 0xffff0000 | 0x8000 : rng.bits();
                float f = Float.intBitsToFloat(bits);
                v[i] = Float.isFinite(f) && Math.abs(f) < 3e38f ? f : i % 2 == 0 ? Float.POSITIVE_INFINITY : -0f;
            }
            return v;
        };
    }

    private static OpCase advance() {
        return OpCase.of("advance", Precision.F32, "cursor")
                .policy(Policy.EXACT)
                .in("steps", DType.F32, Shape.of(3, Column.COUNT), Arg.Fill.bell(1))
                .inOut("cursor", DType.I32, Shape.of(1), Arg.Fill.constant(1))
                .call(r -> r.ops().advance(r.steps()));
    }

    private static Arg.Fill numbers(String data) {
        return data.equals("nan") ? Arg.Fill.bell(1).withNaN() : Arg.Fill.bell(1);
    }

    private static OpCase.Builder nan(OpCase.Builder c, String data) {
        return data.equals("nan") ? c.expectsNaN() : c;
    }
}
