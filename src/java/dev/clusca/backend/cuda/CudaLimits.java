package dev.clusca.backend.cuda;

import dev.clusca.backend.DeviceLimits;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.tensor.DType;
import java.util.Optional;

/**
 * What a GPU can do at most, from what the driver says of it and what its architecture does in a cycle: dense products on the tensor cores with float32 sums (NVIDIA's architecture white
 * papers), and float32 multiply-adds outside of them.
 *
 * @param capability compute capability, as 90
 * @param geForce whether it is sold for games: those of the architectures that are sold for servers as well multiply BF16 with float32 sums at half their rate
 * @param multiprocessors how many
 * @param kilohertz of the multiprocessors
 * @param memoryKilohertz of the memory; it moves data twice a cycle
 * @param busBits width of the memory's bus
 * @param cacheBytes of the L2 cache
 */
record CudaLimits(
        int capability,
        boolean geForce,
        int multiprocessors,
        long kilohertz,
        long memoryKilohertz,
        int busBits,
        long cacheBytes) {
    static CudaLimits of(CudaDriver driver, int device) {
        return new CudaLimits(
                10 * driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR())
                        + driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR()),
                driver.deviceName(device).contains("GeForce"),
                driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT()),
                driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_CLOCK_RATE()),
                driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE()),
                driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH()),
                driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE()));
    }

    /** The limits in a type; nothing for an architecture that is not known here, or where the driver keeps a number to itself. */
    Optional<DeviceLimits> in(DType dtype) {
        double aCycle = dtype == DType.F32 ? 2.0 * lanes() : tensorFlops();
        double bytes = memoryKilohertz * 1e3 * 2 * busBits / 8;
        double flops = aCycle * multiprocessors * kilohertz * 1e3;
        return bytes > 0 && flops > 0
                ? Optional.of(new DeviceLimits(
                        bytes, flops, cacheBytes, "computed: clocks, bus and multiprocessors as the driver tells them"))
                : Optional.empty();
    }

    private int lanes() {
        return switch (capability) {
            case 80 -> 64;
            case 86, 87, 89, 90, 100, 103, 120, 121 -> 128;
            default -> 0;
        };
    }

    /** BF16 with float32 sums, a multiprocessor and cycle. */
    private int tensorFlops() {
        return switch (capability) {
            case 80 -> 2048;
            case 86, 87, 89, 120, 121 -> geForce ? 512 : 1024;
            case 90 -> 4096;
            case 100, 103 -> 8192;
            default -> 0;
        };
    }
}
