package dev.clusca.kernels;

import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The arguments of {@code chain_bf16} over BF16 ladders and modulations: two images, the second with conditions of its own, some clusters without members.
 *
 * @param layers L
 * @param clusters K, a row of each batch row's
 * @param width C
 * @param hidden H
 */
record ChainLaunch(
        Gpu gpu,
        int layers,
        int clusters,
        int width,
        int hidden,
        List<Tensor> weights,
        Tensor representatives,
        Tensor table,
        Tensor retained,
        Tensor base,
        Tensor propagated,
        Tensor spread,
        Tensor rows,
        Tensor flags) {
    static final String ENTRY = "chain_bf16";
    static final int IMAGES = 2;
    static final int CHUNKS = 6;
    private static final int TOKENS = 23;
    private static final int STEPS = 3;
    private static final int CONDITIONS = 2;
    private static final float RATIO = 0.1f;
    private static final float EPSILON = 1e-6f;

    static ChainLaunch of(Gpu gpu, int layers, int clusters, int width, int hidden) {
        List<Tensor> weights = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            weights.add(gpu.host.random(DType.BF16, hidden / 8, lines(width), 8, 32));
            weights.add(gpu.host.random(DType.F32, hidden));
            weights.add(gpu.host.random(DType.BF16, width / 8, lines(hidden), 8, 32));
            weights.add(gpu.host.random(DType.F32, width));
        }
        int[] tokens = new int[layers * IMAGES * clusters];
        // Clusters have tokens of their own, some of them in two layers after each other.
        Arrays.setAll(tokens, i -> i % 5 == 3 ? -1 : (i % clusters * 7 + i / clusters / IMAGES / 2) % TOKENS);
        return new ChainLaunch(
                gpu,
                layers,
                clusters,
                width,
                hidden,
                weights,
                gpu.host.ints(tokens),
                gpu.host.random(DType.BF16, layers, STEPS, CONDITIONS, CHUNKS, width),
                PrefixCosts.retained(gpu),
                gpu.host.random(DType.BF16, layers, 1, IMAGES, TOKENS, width),
                gpu.host.random(DType.F32, layers, IMAGES, clusters, width),
                gpu.host.random(DType.F32, IMAGES, clusters, width),
                gpu.host.random(DType.F32, layers, IMAGES, clusters, width),
                gpu.host.ints(0, 0));
    }

    /** M. */
    int few() {
        return IMAGES * clusters;
    }

    int parts() {
        return Math.ceilDiv(lines(hidden), lines(width));
    }

    private static int lines(int k) {
        return Math.ceilDiv(k, 32);
    }

    /** What the chain changes. */
    List<Tensor> results() {
        return List.of(base, propagated, spread, rows);
    }

    /** On so many blocks, each so many steps ahead of itself. */
    LaunchReport launch(int blocks, int depth) {
        return gpu.launchWithShared(
                ENTRY,
                Gpu.grid(blocks),
                Math.max(64 * lines(width), 1280) * (few() <= 16 ? 16 : few() <= 32 ? 32 : 64) + 20_480 * depth,
                weights,
                representatives,
                table,
                gpu.host.ints(0, 1),
                gpu.host.ints(1),
                retained,
                base,
                propagated,
                spread,
                rows,
                gpu.host.poison(DType.BF16, few(), 32 * lines(width)),
                gpu.host.poison(DType.BF16, few(), 32 * lines(hidden)),
                gpu.host.poison(DType.F32, parts(), few(), width),
                flags,
                base.slice(0).shape().elements(),
                table.slice(0).shape().elements(),
                layers,
                few(),
                TOKENS,
                clusters,
                width,
                hidden,
                CONDITIONS,
                CHUNKS,
                3,
                4,
                5,
                depth,
                2 | 16,
                RATIO,
                EPSILON);
    }
}
