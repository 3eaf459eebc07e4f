package dev.clusca.cases;

import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.cases.PrefixCases.Sizes;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Two operations in one: products whose epilogue fills a ladder or refreshes clusters, and the gathering of rows that are normalised at once. */
final class FusedCases {
    private static final int SHIFT = 3;
    private static final int SCALE = 4;

    private FusedCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            for (Extents.Pair e : Extents.pairs()) {
                if (e.number() % 2 == 0) {
                    Sizes s = PrefixCases.sizes(e);
                    int inputs = Extents.EDGES.get(e.number() % Extents.EDGES.size());
                    switch (e.number() / 2 % 4) {
                        case 0 -> cases.add(ladder(p, s, inputs));
                        case 1 -> cases.add(update(p, s, inputs));
                        case 2 -> cases.add(gather(p, s));
                        default -> cases.add(refresh(p, s, inputs));
                    }
                }
            }
            Sizes tokens = new Sizes(2, 64, 192, 16, 3, 3, 0.9f, 0.9f, 0.005f); // shapes-dit, a quarter of its tokens
            cases.add(ladder(p, tokens, 768));
            cases.add(update(p, tokens, 768));
            Sizes wide = new Sizes(2, 64, 1152, 16, 3, 3, 0.9f, 0.9f, 0.005f); // DiT-XL
            cases.add(gather(p, wide));
            cases.add(refresh(p, tokens, 768));
            if (p == Precision.BF16_F32) {
                chains(p, cases);
                int many = BlockCases.MANY_ROWS / 16 + 1;
                cases.add(refresh(p, new Sizes(many, 17, 1152, 16, 3, 3, 0.9f, 0.9f, 0.005f), 72));
            }
        }
        return cases;
    }

    /** Shares and ratios in turn; one and several parts of the second product, the last of them whole or not; rows that fill none or more of four bands; and what a kernel does not take. */
    private static void chains(Precision p, List<OpCase> cases) {
        cases.add(chain(p, new Sizes(2, 64, 192, 16, 3, 3, 0.9f, 0.9f, 0.005f), 768, true)); // shapes-dit
        cases.add(chain(p, new Sizes(2, 17, 32, 16, 2, 2, 1, 1, 0.1f), 128, true));
        cases.add(chain(p, new Sizes(1, 9, 64, 5, 1, 1, 0, 0, 1), 64, false));
        cases.add(chain(p, new Sizes(3, 33, 88, 7, 3, 2, 0.002f, 1, 0.3f), 168, true));
        cases.add(chain(p, new Sizes(4, 20, 64, 16, 2, 1, 0.5f, 0.5f, 0.1f), 256, true));
        cases.add(chain(p, new Sizes(1, 33, 1152, 1, 1, 1, 0.9f, 0.9f, 0.1f), 320, true));
        cases.add(chain(p, new Sizes(2, 33, 40, 20, 3, 3, 0.9f, 0.9f, 0.005f), 136, true));
        cases.add(chain(
                p,
                new Sizes(1, 9, 64, 4, 1, 1, 0.9f, 0.9f, 0.1f),
                8192,
                true)); // tiles for several turns on 132 multiprocessors
        cases.add(chain(p, new Sizes(2, 33, 97, 5, 3, 2, 0.5f, 0.5f, 0.1f), 131, true)); // no kernel takes these
    }

    static OpCase ladder(Precision p, Sizes s, int inputs) {
        Shape x = Shape.of(s.rows(), s.tokens(), s.width());
        return named("gemmLadder", p, s, inputs)
                .in("a", p.activations(), Shape.of(s.rows(), s.tokens(), inputs), Arg.Fill.bell(1))
                .linear(inputs, s.width(), true)
                .modulation(
                        s.rows(),
                        PrefixCases.CHUNKS,
                        s.width(),
                        Map.of(Column.LADDER_TERMS, (float) s.terms(), Column.LADDER_DIVISOR, -4f))
                .inOut(
                        "ladder",
                        p.activations(),
                        Shape.of(s.planes(), s.rows(), s.tokens(), s.width()),
                        Arg.Fill.bell(1))
                .inOut("x", p.stream(), x, Arg.Fill.bell(1))
                .call(r -> r.ops()
                        .gemmLadder(
                                r.get("a"),
                                r.linear(),
                                r.modulation(),
                                PrefixCases.MLP_GATE,
                                r.working(x),
                                r.get("ladder"),
                                r.get("x")));
    }

    static OpCase update(Precision p, Sizes s, int inputs) {
        Shape x = Shape.of(s.rows(), s.tokens(), s.width());
        OpCase.Builder c = named("gemmPrefixUpdate", p, s, inputs)
                .in("a", p.activations(), Shape.of(s.rows(), s.tokens(), inputs), Arg.Fill.bell(1))
                .linear(inputs, s.width(), true);
        PrefixCases.layers(c, p, s, Arg.Role.INOUT, true, "bell");
        PrefixCases.clusters(c, s);
        return c.in("rows", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), PrefixCases.poison())
                .in(
                        "propagated",
                        DType.F32,
                        PrefixCases.few(s, PrefixCases.LAYERS),
                        s.now() == 1 ? PrefixCases.poison() : Arg.Fill.bell(1))
                .in("spread", DType.F32, PrefixCases.few(s), PrefixCases.poison())
                .inOut("x", p.stream(), x, Arg.Fill.bell(1))
                .call(r -> r.ops()
                        .gemmPrefixUpdate(
                                r.get("a"),
                                r.linear(),
                                r.working(x),
                                PrefixCases.layers(r),
                                PrefixCases.state(r, s),
                                PrefixCases.LAYERS - 1,
                                r.get("x")));
    }

    static OpCase gather(Precision p, Sizes s) {
        OpCase.Builder c = named("prefixGatherNorm", p, s, s.width())
                .modulation(s.rows(), PrefixCases.CHUNKS, s.width(), Map.of());
        PrefixCases.clusters(c, s);
        return c.in("rows", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), Arg.Fill.bell(1))
                .in("propagated", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), PrefixCases.poison())
                .in("spread", DType.F32, PrefixCases.few(s), Arg.Fill.bell(1))
                .out("out", p.activations(), s.rows(), s.clusters(), s.width())
                .call(r -> r.ops()
                        .prefixGatherNorm(
                                PrefixCases.state(r, s),
                                s.terms() % PrefixCases.LAYERS,
                                r.modulation(),
                                SHIFT,
                                SCALE,
                                1e-6f,
                                r.working(PrefixCases.few(s)),
                                r.get("out")));
    }

    static OpCase refresh(Precision p, Sizes s, int inputs) {
        OpCase.Builder c = named("gemmRefresh", p, s, inputs)
                .in("a", p.activations(), Shape.of(s.rows(), s.clusters(), inputs), Arg.Fill.bell(1))
                .linear(inputs, s.width(), true);
        PrefixCases.layers(c, p, s, Arg.Role.INOUT, true, "bell");
        PrefixCases.clusters(c, s);
        return c.inOut("rows", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), Arg.Fill.bell(1))
                .inOut("propagated", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), Arg.Fill.bell(1))
                .inOut("spread", DType.F32, PrefixCases.few(s), Arg.Fill.bell(1))
                .call(r -> r.ops()
                        .gemmRefresh(
                                r.get("a"),
                                r.linear(),
                                r.working(PrefixCases.few(s)),
                                PrefixCases.layers(r),
                                PrefixCases.state(r, s),
                                s.terms() % PrefixCases.LAYERS));
    }

    /** All layers of a cached step on the representatives' rows. */
    static OpCase chain(Precision p, Sizes s, int hidden, boolean bias) {
        OpCase.Builder c = PrefixCases.named("prefixChain", p, s, "h" + hidden + (bias ? "/bias" : "/nobias"))
                .policy(OpCase.Policy.TRANSCENDENTAL);
        for (int layer = 0; layer < PrefixCases.LAYERS; layer++) {
            c.linear("fc1." + layer + ".", s.width(), hidden, bias)
                    .linear("fc2." + layer + ".", hidden, s.width(), bias);
        }
        PrefixCases.layers(c, p, s, Arg.Role.INOUT, true, "bell");
        PrefixCases.clusters(c, s);
        return c.inOut("rows", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), Arg.Fill.bell(1))
                .inOut("propagated", DType.F32, PrefixCases.few(s, PrefixCases.LAYERS), Arg.Fill.bell(1))
                .inOut("spread", DType.F32, PrefixCases.few(s), Arg.Fill.bell(1))
                .call(r -> chain(r, s, hidden));
    }

    private static void chain(OpRun r, Sizes s, int hidden) {
        List<Linear> fc1 = new ArrayList<>();
        List<Linear> fc2 = new ArrayList<>();
        for (int layer = 0; layer < PrefixCases.LAYERS; layer++) {
            fc1.add(r.linear("fc1." + layer + "."));
            fc2.add(r.linear("fc2." + layer + "."));
        }
        Shape few = PrefixCases.few(s);
        DType dtype = fc1.getFirst().dtype();
        r.ops()
                .prefixChain(
                        new MlpChain(fc1, fc2, SHIFT, SCALE, 1e-6f),
                        PrefixCases.layers(r),
                        PrefixCases.state(r, s),
                        r.working("rows", DType.F32, few),
                        r.working("normed", dtype, few),
                        r.working("hidden", dtype, Shape.of(s.rows(), s.clusters(), hidden)),
                        r.working("fresh", DType.F32, few));
    }

    private static OpCase.Builder named(String op, Precision p, Sizes s, int inputs) {
        return PrefixCases.named(op, p, s, "k" + inputs);
    }
}
