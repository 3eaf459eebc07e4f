package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.Modulation;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code norm.cu}: x once in, once out, and two chunks of modulation; queries and keys once in, once out, with two scales and the rotations. */
final class NormCosts {
    /** Channels of a head, FLUX's. */
    static final int HEAD = 128;

    private static final int HEADS = WIDTH / HEAD;

    private NormCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Types.tuples(3).map(NormCosts::layerNorm), Types.FLOATS.stream().map(NormCosts::qkNormRope));
    }

    private static Cost layerNorm(List<DType> types) {
        DType x = types.get(0);
        DType modulation = types.get(1);
        DType out = types.get(2);
        String entry = Types.entry("layer_norm_modulate", x, modulation, out);
        long least = ELEMENTS * (x.bytes() + out.bytes()) + 2L * ROWS * WIDTH * modulation.bytes();
        return Cost.of(entry, least, gpu -> launch(gpu, entry, x, modulation, out));
    }

    private static LaunchReport launch(Gpu gpu, String entry, DType x, DType modulation, DType out) {
        int span = 4;
        Modulation m = gpu.host.modulation(modulation, ROWS, WIDTH, gpu.host.step(Map.of()));
        return gpu.launch(
                entry,
                Gpu.grid(Math.ceilDiv(TOKENS, 8 * span), ROWS),
                gpu.host.random(x, ROWS, TOKENS, WIDTH),
                m.table(),
                m.conditions(),
                m.steps().cursor(),
                gpu.host.poison(out, ROWS, TOKENS, WIDTH),
                TOKENS,
                WIDTH,
                2,
                4,
                0,
                1,
                span,
                1e-6f);
    }

    static long qkNormRopeBytes(DType type) {
        return 4 * ELEMENTS * type.bytes() + 2L * HEAD * 4 + (long) TOKENS * HEAD * 4;
    }

    private static Cost qkNormRope(DType type) {
        String entry = Types.entry("qk_norm_rope", type);
        int span = 5;
        int groups = ROWS * TOKENS * Math.ceilDiv(HEADS, span);
        return Cost.of(
                        entry,
                        qkNormRopeBytes(type),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(groups / 8),
                                gpu.host.random(type, ROWS, TOKENS, 3 * WIDTH),
                                gpu.host.random(DType.F32, HEAD),
                                gpu.host.random(DType.F32, HEAD),
                                gpu.host.random(DType.F32, TOKENS, HEAD / 2, 2),
                                ROWS * TOKENS,
                                TOKENS,
                                HEADS,
                                HEAD,
                                span,
                                1e-6f))
                .asking(
                        4 * ELEMENTS * type.bytes() + 3L * groups * HEAD * 4,
                        "each span of heads reads the scales and its token's rotations, from L1 and L2");
    }
}
