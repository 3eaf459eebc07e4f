package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.emulator.report.Counts;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.InstructionClass;
import dev.clusca.emulator.report.LaunchReport;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GpuModelTest {
    private static final GpuModel A100 = GpuModel.parse("A100");

    /** NVIDIA's data sheets: dense BF16 and float32, in TFLOP/s. */
    @ParameterizedTest
    @CsvSource({"a100, 312, 19.5", "h100, 989, 61.8", "rtx4090, 165, 82.6", "rtx3090, 71, 35.6", "l4, 121, 30.3"})
    void peaksAreThoseOfTheDataSheet(String name, double tensor, double fp32) {
        GpuModel gpu = GpuModel.parse(name);
        double cycles = gpu.multiprocessors() * gpu.gigahertz() * 1e9;
        assertThat(gpu.tensorFlops() * cycles * 1e-12).isCloseTo(tensor, within(0.015 * tensor));
        assertThat(2 * gpu.lanes() * cycles * 1e-12).isCloseTo(fp32, within(0.02 * fp32));
    }

    /** As NVIDIA's occupancy calculator has it. */
    @ParameterizedTest
    @CsvSource({
        "256, 32, 0, 8", // threads
        "256, 64, 0, 4", // registers
        "256, 65, 0, 3", // given out by the 256
        "96, 40, 0, 16", // of a fourth of a multiprocessor each
        "128, 32, 49152, 3", // shared memory
        "32, 16, 0, 32" // blocks
    })
    void blocksThatFit(int threads, int registers, int shared, int blocks) {
        assertThat(A100.residentBlocks(threads, registers, shared)).isEqualTo(blocks);
    }

    /** Blocks of one warp, of which a multiprocessor holds as many as the CUDA programming guide's table of compute capabilities says. */
    @ParameterizedTest
    @CsvSource({"a100, 32", "rtx3090, 16", "l4, 24", "rtx4090, 24", "h100, 32", "h200, 32"})
    void smallBlocksThatFit(String name, int blocks) {
        assertThat(GpuModel.parse(name).residentBlocks(32, 16, 0)).isEqualTo(blocks);
    }

    @Test
    void theBusiestMultiprocessorSetsTheBound() {
        // 109 blocks on 108 multiprocessors: one has two of them.
        LaunchCost cost = cost(109, Map.of(InstructionClass.FLOAT, 109_000L), 109_000, 0);
        LaunchCost.Bound bound = cost.bound(A100);
        assertThat(bound.unit()).isEqualTo("fp32");
        assertThat(bound.micros()).isCloseTo(2 * 1000 * 32 / 64.0 / 1.41e3, within(1e-9));
    }

    @Test
    void wavesOverSharedMemoryCanBeTheBound() {
        LaunchCost.Bound bound = cost(108, Map.of(), 108, 108_000).bound(A100);
        assertThat(bound.unit()).isEqualTo("shared memory");
        assertThat(bound.micros()).isCloseTo(1000 / 1.41e3, within(1e-9));
    }

    @Test
    void tensorInstructionsCountByTheirShape() {
        Counts counts = new Counts(108, 0, 0, 0, 0, 0, 0, 0, 0);
        LaunchReport report = new LaunchReport(
                "k",
                Dim3.of(108),
                Dim3.of(32),
                List.of(),
                counts,
                Map.of(7, new LaunchReport.Line("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {..}", counts)),
                Map.of(InstructionClass.TENSOR, 108L),
                0);
        LaunchCost.Bound bound = new LaunchCost(report, 0, 0).bound(A100);
        assertThat(bound.unit()).isEqualTo("tensor");
        assertThat(bound.micros()).isCloseTo(2.0 * 16 * 8 * 16 / 2048 / 1.41e3, within(1e-9));
    }

    @Test
    void anUnknownGpuIsRefusedWithThoseThatAreKnown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GpuModel.parse("gtx1080"))
                .withMessageContaining("a100")
                .withMessageContaining("h200");
    }

    private static LaunchCost cost(int blocks, Map<InstructionClass, Long> classes, long instructions, long waves) {
        Counts counts = new Counts(instructions, 32 * instructions, 0, 0, 0, 0, waves, waves, 0);
        return new LaunchCost(
                new LaunchReport("k", Dim3.of(blocks), Dim3.of(128), List.of(), counts, Map.of(), classes, 0), 32, 0);
    }
}
