package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.tensor.DType;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code attention.cu}: DiT's 256 tokens in bf16, whose keys and values are read by each of four tiles of queries; one tile in f32. */
final class AttentionCosts {
    private static final int QUERIES = 64;
    private static final int BF16_TOKENS = 256;

    private AttentionCosts() {}

    static Stream<Cost> all() {
        return Stream.of(
                        widths(32, 64, 72, 96, 128).mapToObj(d -> bf16("attention_d" + d, d)),
                        widths(32, 64, 72).mapToObj(d -> bf16("attention_row_d" + d, d)),
                        widths(32, 64, 72, 96, 128).mapToObj(AttentionCosts::f32))
                .flatMap(costs -> costs);
    }

    private static IntStream widths(int... d) {
        return IntStream.of(d);
    }

    private static Cost bf16(String name, int d) {
        long tensor = (long) BF16_TOKENS * WIDTH * DType.BF16.bytes();
        int tiles = BF16_TOKENS / QUERIES;
        Cost cost = cost(name, DType.BF16, 1, BF16_TOKENS, d);
        long asked = (2 + 2 * tiles) * tensor;
        String why = "each 64 queries read all keys and values, from L2";
        // Rows of 144 bytes are four and a half sectors, and a warp's request ends within a row.
        return d == 72
                ? cost.asking(
                        asked * 17 / 15,
                        why + "; a head's row of 144 bytes ends within a sector, and requests end within rows")
                : cost.asking(asked, why);
    }

    private static Cost f32(int d) {
        return cost("attention_d" + d, DType.F32, 2, QUERIES, d);
    }

    private static Cost cost(String name, DType type, int rows, int tokens, int d) {
        String entry = Types.entry(name, type);
        long least = 4L * rows * tokens * WIDTH * type.bytes();
        return Cost.of(
                entry,
                least,
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(tokens / QUERIES, WIDTH / d, rows),
                        gpu.host.random(type, rows, tokens, 3 * WIDTH),
                        gpu.host.poison(type, rows, tokens, WIDTH),
                        tokens,
                        WIDTH,
                        d,
                        0,
                        (float) (1 / Math.sqrt(d))));
    }
}
