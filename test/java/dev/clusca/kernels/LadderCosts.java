package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.report.LaunchReport;
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
        return Stream.of(
                        Types.tuples(2).map(LadderCosts::update),
                        Types.tuples(3).map(LadderCosts::forecast),
                        Types.tuples(3).map(LadderCosts::gate))
                .flatMap(costs -> costs);
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

    private static Cost gate(List<DType> types) {
        DType gate = types.get(0);
        DType feature = types.get(1);
        DType x = types.get(2);
        String entry = Types.entry("gate_residual", gate, feature, x);
        long least = ELEMENTS * (4 + feature.bytes() + 2 * x.bytes()) + (long) ROWS * WIDTH * gate.bytes();
        return Cost.of(entry, least, gpu -> launchGate(gpu, entry, gate, feature, x));
    }

    private static LaunchReport launchGate(Gpu gpu, String entry, DType gate, DType feature, DType x) {
        Modulation m = gpu.host.modulation(gate, ROWS, WIDTH, gpu.host.step(Map.of()));
        return gpu.launch(
                entry,
                Gpu.grid(GATE_BLOCKS, ROWS),
                gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                m.table(),
                m.conditions(),
                m.steps().cursor(),
                gpu.host.poison(feature, ROWS, TOKENS, WIDTH),
                gpu.host.random(x, ROWS, TOKENS, WIDTH),
                TOKENS,
                WIDTH,
                2,
                4,
                1,
                SPAN);
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
