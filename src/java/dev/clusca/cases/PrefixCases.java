package dev.clusca.cases;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A cached step in prefix order, operation by operation. What an operation may not read holds poison: planes that do not exist, U where a is 1, base where a is 0. */
final class PrefixCases {
    static final int CHUNKS = 6;
    private static final int ATTENTION_GATE = 2;
    static final int MLP_GATE = 5;
    static final int LAYERS = 3;
    private static final Map<Column, Float> FACTORS = Map.of(
            Column.FACTOR_0,
            1f,
            Column.FACTOR_1,
            -3f,
            Column.FACTOR_2,
            4.5f,
            Column.FACTOR_3,
            -4.5f,
            Column.FACTOR_4,
            3.375f);

    private PrefixCases() {}

    /** Extents and settings of one case. */
    record Sizes(
            int rows,
            int tokens,
            int width,
            int clusters,
            int planes,
            int terms,
            float before,
            float now,
            float ratio) {
        String label() {
            return rows + "x" + tokens + "x" + width;
        }
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            for (Extents.Pair e : Extents.pairs()) {
                Sizes s = sizes(e);
                switch (e.number() % 4) {
                    case 0 -> cases.add(pass(p, s, "bell"));
                    case 1 -> cases.add(refresh(p, s));
                    case 2 -> cases.add(update(p, s, "bell"));
                    default -> cases.add(forecast(p, s, "bell"));
                }
                cases.add(materialise(p, s));
                if (p.stream() == DType.F32 && p.activations() == DType.F32) {
                    cases.add(gather(p, s));
                    cases.add(close(p, s));
                }
            }
            for (int terms = 1; terms <= Column.MAX_TERMS; terms++) {
                float a = new float[] {1, 0, 0.5f}[terms % 3];
                Sizes s = new Sizes(2, 33, 97, 5, Column.MAX_TERMS, terms, a, a, 0.3f);
                cases.add(pass(p, s, "bell"));
                cases.add(update(p, s, "bell"));
                cases.add(forecast(p, s, "bell"));
            }
            Sizes large = new Sizes(2, 64, 1152, 16, 3, 3, 0.9f, 0.9f, 0.005f); // DiT-XL
            cases.add(pass(p, large, "bell"));
            cases.add(forecast(p, large, "bell"));
            cases.add(refresh(p, large));
            cases.add(update(p, large, "bell"));
            cases.add(pass(p, new Sizes(2, 33, 97, 5, 3, 2, 1, 1, 0.1f), "nan"));
            cases.add(forecast(p, new Sizes(2, 33, 97, 5, 3, 2, 1, 1, 0.1f), "nan"));
            cases.add(update(p, new Sizes(2, 33, 97, 5, 3, 2, 0.5f, 0.5f, 0.1f), "nan"));
        }
        return cases;
    }

    /** Every share of base, ratio and number of terms in turn, from one to sixteen clusters. */
    static Sizes sizes(Extents.Pair e) {
        float[][] shares = {{1, 1}, {0.5f, 0.5f}, {0, 0}, {0.002f, 1}};
        float[] ratios = {0.1f, 0.005f, 1, 0};
        float[] share = shares[e.number() / 2 % shares.length];
        int planes = 1 + e.number() % Column.MAX_TERMS;
        return new Sizes(
                1 + e.number() % 2,
                e.a(),
                e.b(),
                Math.min(e.a(), new int[] {1, 3, 16}[e.number() % 3]),
                planes,
                1 + e.number() / 7 % planes,
                share[0],
                share[1],
                ratios[e.number() / 3 % ratios.length]);
    }

    // ---- the operations

    static OpCase forecast(Precision p, Sizes s, String data) {
        OpCase.Builder c = OpCase.of("forecastPass", p, s.label(), "planes" + s.planes, "terms" + s.terms, data);
        layers(c, p, s, Arg.Role.IN, false, data);
        return c.inOut("x", DType.F32, Shape.of(s.rows, s.tokens, s.width), Arg.Fill.bell(1))
                .call(r -> r.ops().forecastPass(layers(r), r.get("x")));
    }

    static OpCase pass(Precision p, Sizes s, String data) {
        OpCase.Builder c = named("prefixPass", p, s, data);
        layers(c, p, s, Arg.Role.IN, true, data);
        clusters(c, s);
        return c.out("rows", DType.F32, LAYERS, s.rows, s.clusters, s.width)
                .in("propagated", DType.F32, few(s, LAYERS), poison())
                .in("spread", DType.F32, few(s), poison())
                .inOut("x", DType.F32, Shape.of(s.rows, s.tokens, s.width), Arg.Fill.bell(1))
                .call(r -> r.ops().prefixPass(layers(r), state(r, s), r.get("x")));
    }

    private static OpCase materialise(Precision p, Sizes s) {
        OpCase.Builder c = named("prefixMaterialise", p, s, "bell");
        layers(c, p, s, Arg.Role.INOUT, true, "bell");
        clusters(c, s);
        return c.in("rows", DType.F32, few(s, LAYERS), poison())
                .in("propagated", DType.F32, few(s, LAYERS), Arg.Fill.bell(1))
                .in("spread", DType.F32, few(s), poison())
                .call(r -> r.ops().prefixMaterialise(layers(r), state(r, s)));
    }

    static OpCase gather(Precision p, Sizes s) {
        OpCase.Builder c = named("prefixGather", p, s, "bell");
        clusters(c, s);
        return c.in("rows", DType.F32, few(s, LAYERS), Arg.Fill.bell(1))
                .in("propagated", DType.F32, few(s, LAYERS), poison())
                .in("spread", DType.F32, few(s), Arg.Fill.bell(1))
                .out("out", DType.F32, s.rows, s.clusters, s.width)
                .call(r -> r.ops().prefixGather(state(r, s), LAYERS - 1, r.get("out")));
    }

    static OpCase refresh(Precision p, Sizes s) {
        OpCase.Builder c = named("prefixRefresh", p, s, "bell");
        layers(c, p, s, Arg.Role.INOUT, true, "bell");
        clusters(c, s);
        return c.inOut("rows", DType.F32, few(s, LAYERS), Arg.Fill.bell(1))
                .inOut("propagated", DType.F32, few(s, LAYERS), Arg.Fill.bell(1))
                .inOut("spread", DType.F32, few(s), Arg.Fill.bell(1))
                .in("fresh", p.stream(), few(s), Arg.Fill.bell(1))
                .call(r -> r.ops().prefixRefresh(r.get("fresh"), layers(r), state(r, s), s.terms % LAYERS));
    }

    static OpCase close(Precision p, Sizes s) {
        OpCase.Builder c = named("prefixClose", p, s, "bell");
        clusters(c, s);
        return c.in("rows", DType.F32, few(s, LAYERS), Arg.Fill.bell(1))
                .in("propagated", DType.F32, few(s, LAYERS), poison())
                .in("spread", DType.F32, few(s), Arg.Fill.bell(1))
                .inOut("x", DType.F32, Shape.of(s.rows, s.tokens, s.width), Arg.Fill.bell(1))
                .call(r -> r.ops().prefixClose(state(r, s), r.get("x")));
    }

    static OpCase update(Precision p, Sizes s, String data) {
        boolean nan = data.equals("nan");
        OpCase.Builder c = named("prefixUpdate", p, s, data);
        layers(c, p, s, Arg.Role.INOUT, true, "bell");
        clusters(c, s);
        c.in("rows", DType.F32, few(s, LAYERS), poison())
                .in("propagated", DType.F32, few(s, LAYERS), s.now == 1 ? poison() : Arg.Fill.bell(1))
                .in("spread", DType.F32, few(s), poison())
                .in(
                        "feature",
                        p.stream(),
                        Shape.of(s.rows, s.tokens, s.width),
                        nan ? Arg.Fill.bell(1).withNaN() : Arg.Fill.bell(1));
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().prefixUpdate(r.get("feature"), layers(r), state(r, s), LAYERS - 1));
    }

    // ---- their arguments

    static OpCase.Builder named(String op, Precision p, Sizes s, String data) {
        return OpCase.of(
                op,
                p,
                s.label(),
                "k" + s.clusters,
                "planes" + s.planes,
                "terms" + s.terms,
                "share" + s.before + "," + s.now,
                "ratio" + s.ratio,
                data);
    }

    static Shape few(Sizes s, int... layers) {
        return layers.length == 0
                ? Shape.of(s.rows, s.clusters, s.width)
                : Shape.of(layers[0], s.rows, s.clusters, s.width);
    }

    /** @param mlp whether the MLP's ladders are changed */
    static void layers(OpCase.Builder c, Precision p, Sizes s, Arg.Role mlp, boolean implicit, String data) {
        Shape ladders = Shape.of(LAYERS, s.planes, s.rows, s.tokens, s.width);
        Arg.Fill attention = planes(s, false);
        c.in("attention", p.activations(), ladders, data.equals("nan") ? attention.withNaN() : attention);
        if (mlp == Arg.Role.INOUT) {
            c.inOut("mlp", p.activations(), ladders, planes(s, false));
        } else {
            c.in("mlp", p.activations(), ladders, planes(s, implicit && s.now == 0));
        }
        c.in("modulation", p.activations(), Shape.of(LAYERS, 3, 2, CHUNKS, s.width), Arg.Fill.bell(0.5));
        c.in("conditions", DType.I32, Shape.of(s.rows), (arg, rng, earlier) -> {
            float[] v = new float[arg.count()];
            for (int i = 0; i < v.length; i++) {
                v[i] = (i + 1) % 2;
            }
            return v;
        });
        Map<Column, Float> columns = new EnumMap<>(FACTORS);
        columns.put(Column.TERMS, (float) s.terms);
        columns.put(Column.LADDER_TERMS, (float) s.terms);
        columns.put(Column.LADDER_DIVISOR, -4f);
        c.steps(columns);
        if (data.equals("nan")) {
            c.expectsNaN();
        }
    }

    /** Labels, one representative of each cluster and layer that has a member, and the shares of three steps of which the second runs. */
    static void clusters(OpCase.Builder c, Sizes s) {
        c.in("labels", DType.I32, Shape.of(s.rows, s.tokens), Arg.Fill.below(s.clusters));
        c.in("representatives", DType.I32, Shape.of(LAYERS, s.rows, s.clusters), (arg, rng, earlier) -> {
            float[] labels = earlier.floats("labels");
            float[] v = new float[arg.count()];
            Arrays.fill(v, -1);
            for (int layer = 0; layer < LAYERS; layer++) {
                for (int n = 0; n < labels.length; n++) {
                    int at = (layer * s.rows + n / s.tokens) * s.clusters + (int) labels[n];
                    if (v[at] < 0 || rng.below(3) == 0) {
                        v[at] = n % s.tokens;
                    }
                }
            }
            return v;
        });
        c.in("retained", DType.F32, Shape.of(3, 2), Arg.Fill.values(7, 7, s.before, s.now, 7, 7));
    }

    static CachedLayers layers(OpRun r) {
        return new CachedLayers(
                r.get("attention"),
                r.get("mlp"),
                r.get("modulation"),
                r.get("conditions"),
                r.steps(),
                ATTENTION_GATE,
                MLP_GATE);
    }

    static PrefixState state(OpRun r, Sizes s) {
        return new PrefixState(
                r.get("labels"),
                r.get("representatives"),
                r.get("retained"),
                r.get("rows"),
                r.get("propagated"),
                r.get("spread"),
                s.ratio);
    }

    /** Numbers in the planes that exist, poison in the others, and in plane 0 where it may not be read. */
    private static Arg.Fill planes(Sizes s, boolean withoutBase) {
        return (arg, rng, earlier) -> {
            float[] v = Arg.Fill.bell(1).values(arg, rng, earlier);
            int plane = v.length / LAYERS / s.planes;
            float poison = poison(arg.dtype());
            for (int i = 0; i < v.length; i++) {
                int order = i / plane % s.planes;
                if (order >= s.terms || order == 0 && withoutBase) {
                    v[i] = poison;
                }
            }
            return v;
        };
    }

    static Arg.Fill poison() {
        return (arg, rng, earlier) -> {
            float[] v = new float[arg.count()];
            Arrays.fill(v, poison(arg.dtype()));
            return v;
        };
    }

    private static float poison(DType dtype) {
        return Float.intBitsToFloat(OpRun.poison(dtype) << (dtype.bytes() == 2 ? 16 : 0));
    }
}
