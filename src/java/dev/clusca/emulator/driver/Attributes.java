package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import java.util.Map;

/** Answers to {@code cuDeviceGetAttribute}. An attribute that is not listed is something the device lacks: 0. */
final class Attributes {
    private final Map<Integer, Integer> values;

    Attributes(DeviceModel device) {
        values = Map.ofEntries(
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK(), DeviceModel.MAX_BLOCK_THREADS),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X(), DeviceModel.MAX_BLOCK_THREADS),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y(), DeviceModel.MAX_BLOCK_THREADS),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z(), DeviceModel.MAX_BLOCK_Z),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X(), Integer.MAX_VALUE),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y(), DeviceModel.MAX_GRID_YZ),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z(), DeviceModel.MAX_GRID_YZ),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK(), DeviceModel.SHARED_PER_BLOCK),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN(), device.sharedPerBlockOptin()),
                Map.entry(
                        Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR(),
                        device.sharedPerMultiprocessor()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK(), DeviceModel.SHARED_RESERVED),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY(), DeviceModel.CONSTANT_BYTES),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_WARP_SIZE(), DeviceModel.WARP),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_PITCH(), Integer.MAX_VALUE),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK(), DeviceModel.REGISTERS),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR(), DeviceModel.REGISTERS),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR(), device.threadsPerMultiprocessor()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR(), device.blocksPerMultiprocessor()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT(), device.multiprocessors()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR(), device.major()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR(), device.minor()),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_CLOCK_RATE(), 1_000_000),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE(), 1_000_000),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH(), 1024),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE(), 32 << 20),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT(), 512),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_GPU_OVERLAP(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED(), 1),
                Map.entry(Cuda.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED(), 1));
    }

    int get(int attribute) {
        if (attribute < 1 || attribute >= Cuda.CU_DEVICE_ATTRIBUTE_MAX()) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "found device attribute " + attribute + "; expected one of CUDA 13, 1 to "
                            + (Cuda.CU_DEVICE_ATTRIBUTE_MAX() - 1));
        }
        return values.getOrDefault(attribute, 0);
    }
}
