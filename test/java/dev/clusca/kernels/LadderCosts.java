package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code ladder.cu}, with three terms: every plane once in or out. */
final class LadderCosts {
    private static final int TERMS = 3;
    private static final int SPAN = 8;
    private static final int GATE_BLOCKS = Math.ceilDiv(TOKENS / SPAN * WIDTH, 1024);

    private LadderCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Types.tuples(2).map(LadderCosts::update), Types.tuples(3).map(LadderCosts::forecast));
    }

    /** Each plane but the last is read, each is written. */
    private static Cost update(List<DType> types) {
        DType feature = types.get(0);
        DType ladder = types.get(1);
        String entry = Types.entry("ladder_update", feature, ladder);
        long least = ELEMENTS * (feature.bytes() + (2 * TERMS - 1) * ladder.bytes());
        return Cost.of(entry, least, gpu -> {
            StepTable steps = steps(gpu);
            return gpu.launch(
                    entry,
                    Gpu.grid(Math.ceilDiv(ELEMENTS, 2048)),
                    gpu.host.random(feature, ROWS, TOKENS, WIDTH),
                    gpu.host.random(ladder, TERMS, ROWS, TOKENS, WIDTH),
                    steps.rows(),
                    steps.cursor(),
                    ELEMENTS,
                    TERMS);
        });
    }

    private static Cost forecast(List<DType> types) {
        DType ladder = types.get(0);
        DType gate = types.get(1);
        DType x = types.get(2);
        String entry = Types.entry("forecast_residual", ladder, gate, x);
        long least = ELEMENTS * (TERMS * ladder.bytes() + 2 * x.bytes()) + (long) ROWS * WIDTH * gate.bytes();
        Cost cost = Cost.of(entry, least, gpu -> {
            Modulation m = gpu.host.modulation(gate, ROWS, WIDTH, steps(gpu));
            return gpu.launch(
                    entry,
                    Gpu.grid(GATE_BLOCKS, ROWS),
                    gpu.host.random(ladder, TERMS, ROWS, TOKENS, WIDTH),
                    m.table(),
                    m.conditions(),
                    m.steps().rows(),
                    m.steps().cursor(),
                    gpu.host.random(x, ROWS, TOKENS, WIDTH),
                    TERMS,
                    TOKENS,
                    WIDTH,
                    2,
                    4,
                    1,
                    SPAN);
        });
        return ladder == DType.BF16 && gate == DType.F32 && x == DType.BF16
                ? cost.asking(
                        least + (TOKENS / SPAN - 1L) * ROWS * WIDTH * gate.bytes(),
                        "gates are twice as large as all else, and read once for 8 tokens")
                : cost;
    }

    private static StepTable steps(Gpu gpu) {
        return gpu.host.step(Map.of(
                Column.TERMS,
                (double) TERMS,
                Column.FACTOR_0,
                1.0,
                Column.FACTOR_1,
                -1.0,
                Column.FACTOR_2,
                0.5,
                Column.LADDER_TERMS,
                (double) TERMS,
                Column.LADDER_DIVISOR,
                -5.0));
    }
}
