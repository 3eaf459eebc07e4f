package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.measure.GpuModel;
import dev.clusca.tensor.DType;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a driver tells of a GPU gives the limits of its data sheet. */
class CudaLimitsTest {
    @ParameterizedTest
    @CsvSource({
        "a100,    80, false,  1593000, 5120",
        "rtx3090, 86, true,   9751000,  384",
        "l4,      89, false,  6251000,  192",
        "rtx4090, 89, true,  10501000,  384",
        "h100,    90, false,  2619000, 5120",
        "h200,    90, false,  3201000, 6016"
    })
    void areThoseOfTheDataSheet(String name, int capability, boolean geForce, long memoryKilohertz, int busBits) {
        GpuModel sheet = GpuModel.parse(name);
        CudaLimits limits = new CudaLimits(
                capability,
                geForce,
                sheet.multiprocessors(),
                Math.round(sheet.gigahertz() * 1e6),
                memoryKilohertz,
                busBits,
                1 << 20);
        double cycles = sheet.multiprocessors() * sheet.gigahertz() * 1e9;
        Percentage near = Percentage.withPercentage(1);
        assertThat(limits.in(DType.BF16).orElseThrow().flopsPerSecond()).isCloseTo(cycles * sheet.tensorFlops(), near);
        assertThat(limits.in(DType.F32).orElseThrow().flopsPerSecond()).isCloseTo(cycles * 2 * sheet.lanes(), near);
        assertThat(limits.in(DType.F32).orElseThrow().bytesPerSecond())
                .isCloseTo(sheet.gigabytesPerSecond() * 1e9, near);
    }
}
