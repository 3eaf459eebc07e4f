package dev.clusca.cases;

import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The Taylor ladder. Planes that do not exist yet hold poison: one multiplication by zero would show as NaN. */
final class LadderCases {
    private static final int CHUNKS = 6;
    private static final int GATE = 2;

    private LadderCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Precision p : Precision.ALL) {
            for (Extents.Pair e : Extents.pairs()) {
                int planes = 1 + e.number() % Column.MAX_TERMS;
                int terms = 1 + e.number() / 7 % planes;
                cases.add(update(p, 1 + e.number() % 2, e.a(), e.b(), planes, terms, "bell"));
                cases.add(forecast(p, 1 + e.number() % 3, e.a(), e.b(), planes, terms, "bell"));
            }
            for (int terms = 1; terms <= 3; terms++) {
                cases.add(update(p, 1, 256, 1152, 3, terms, "bell")); // DiT-XL
                cases.add(forecast(p, 2, 256, 192, 3, terms, "bell")); // shapes-dit
            }
            cases.add(update(p, 2, 33, 97, 3, 2, "nan"));
            cases.add(forecast(p, 2, 33, 97, 3, 2, "nan"));
            cases.add(updateInPlace(p, 2, 33, 97, 4));
        }
        return cases;
    }

    static OpCase update(Precision p, int rows, int tokens, int width, int planes, int terms, String data) {
        boolean nan = data.equals("nan");
        Arg.Fill fresh = Arg.Fill.bell(1);
        OpCase.Builder c = OpCase.of(
                        "ladderUpdate", p, rows + "x" + tokens + "x" + width, "planes" + planes, "terms" + terms, data)
                .in("feature", p.stream(), Shape.of(rows, tokens, width), nan ? fresh.withNaN() : fresh)
                .inOut("ladder", p.activations(), Shape.of(planes, rows, tokens, width), planes(terms))
                .steps(Map.of(Column.LADDER_TERMS, (float) terms, Column.LADDER_DIVISOR, -4f));
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().ladderUpdate(r.get("feature"), r.get("ladder"), r.steps()));
    }

    /** The feature was computed right into plane 0, which is allowed while it is the only one. */
    private static OpCase updateInPlace(Precision p, int rows, int tokens, int width, int planes) {
        return OpCase.of("ladderUpdate", p, rows + "x" + tokens + "x" + width, "planes" + planes, "terms1", "inplace")
                .policy(OpCase.Policy.EXACT)
                .inOut("ladder", p.activations(), Shape.of(planes, rows, tokens, width), planes(1))
                .steps(Map.of(Column.LADDER_TERMS, 1f, Column.LADDER_DIVISOR, -4f))
                .call(r -> r.ops().ladderUpdate(r.get("ladder").slice(0), r.get("ladder"), r.steps()));
    }

    static OpCase forecast(Precision p, int rows, int tokens, int width, int planes, int terms, String data) {
        boolean nan = data.equals("nan");
        Arg.Fill ladder = nan ? planes(terms).withNaN() : planes(terms);
        OpCase.Builder c = OpCase.of(
                        "forecastResidual",
                        p,
                        rows + "x" + tokens + "x" + width,
                        "planes" + planes,
                        "terms" + terms,
                        data)
                .in("ladder", p.activations(), Shape.of(planes, rows, tokens, width), ladder)
                .modulation(
                        rows,
                        CHUNKS,
                        width,
                        Map.of(
                                Column.TERMS,
                                (float) terms,
                                Column.FACTOR_0,
                                1f,
                                Column.FACTOR_1,
                                -3f,
                                Column.FACTOR_2,
                                4.5f,
                                Column.FACTOR_3,
                                -4.5f,
                                Column.FACTOR_4,
                                3.375f))
                .inOut("x", p.stream(), Shape.of(rows, tokens, width), Arg.Fill.bell(1));
        if (nan) {
            c.expectsNaN();
        }
        return c.call(r -> r.ops().forecastResidual(r.get("ladder"), r.modulation(), GATE, r.get("x")));
    }

    /** Numbers in the planes that exist, poison in the others. */
    private static Arg.Fill planes(int terms) {
        return (arg, rng, earlier) -> {
            float[] v = Arg.Fill.bell(1).values(arg, rng, earlier);
            int plane = v.length / arg.shape().size(0);
            int poison = OpRun.poison(arg.dtype()) << (arg.dtype().bytes() == 2 ? 16 : 0);
            Arrays.fill(v, terms * plane, v.length, Float.intBitsToFloat(poison));
            return v;
        };
    }
}
