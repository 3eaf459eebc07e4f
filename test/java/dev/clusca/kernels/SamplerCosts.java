package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.SECTOR;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code sampler.cu}, with two latents of 4 channels of 32 x 32, noise included. */
final class SamplerCosts {
    private static final int IMAGES = 2;
    private static final int CHANNELS = 4;
    private static final int SIDE = 32;
    private static final int COUNT = CHANNELS * SIDE * SIDE;

    private SamplerCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Stream.of(guidance(), update("ddim_update", 4, 6), update("ddpm_update", 5, 8), advance()),
                Types.tuples(2).map(SamplerCosts::cast));
    }

    /** Three of four channels, as DiT guides them; both rows in and out. */
    private static Cost guidance() {
        int guided = 3 * SIDE * SIDE;
        return Cost.of(
                "guidance",
                16L * IMAGES * guided,
                gpu -> gpu.launch(
                        "guidance",
                        Gpu.grid(guided / 256, IMAGES),
                        gpu.host.random(DType.F32, 2 * IMAGES, 2 * CHANNELS, SIDE, SIDE),
                        2 * COUNT,
                        guided,
                        3.5f));
    }

    /** x in and out, the prediction, the noise, and for DDPM the variance; {@code words} are the cursor and what the update takes from the step table. */
    private static Cost update(String entry, int planes, int words) {
        long least = 4L * planes * IMAGES * COUNT;
        return Cost.of(entry, least, gpu -> update(gpu, entry))
                .asking(
                        least + words * IMAGES * COUNT / 32 * SECTOR,
                        "each warp reads the cursor and the step's scalars, from L1");
    }

    private static LaunchReport update(Gpu gpu, String entry) {
        StepTable steps = gpu.host.step(Map.of(
                Column.SAMPLE_TO_START, 1.5,
                Column.NOISE_TO_START, 1.1,
                Column.START_WEIGHT, 0.7,
                Column.SECOND_WEIGHT, 0.6,
                Column.NOISE_WEIGHT, 0.3,
                Column.LOG_VARIANCE_MIN, -9.5,
                Column.LOG_VARIANCE_MAX, -0.5));
        return gpu.launch(
                entry,
                Gpu.grid(COUNT / 256, IMAGES),
                gpu.host.random(DType.F32, IMAGES, CHANNELS, SIDE, SIDE),
                gpu.host.random(DType.F32, 2 * IMAGES, 2 * CHANNELS, SIDE, SIDE),
                gpu.host.random(DType.F32, IMAGES, CHANNELS, SIDE, SIDE),
                steps.rows(),
                steps.cursor(),
                COUNT,
                2 * COUNT,
                0);
    }

    private static Cost advance() {
        return Cost.of("advance", 8, gpu -> gpu.launch("advance", Gpu.grid(1), gpu.host.ints(41)))
                .asking(2 * SECTOR, "four bytes in and four out, each a sector");
    }

    private static Cost cast(List<DType> types) {
        DType source = types.get(0);
        DType target = types.get(1);
        String entry = Types.entry("cast", source, target);
        return Cost.of(
                entry,
                ELEMENTS * (source.bytes() + target.bytes()),
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(Math.ceilDiv(ELEMENTS, 1024)),
                        gpu.host.random(source, ELEMENTS),
                        gpu.host.poison(target, ELEMENTS),
                        ELEMENTS));
    }
}
