package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.HostFunctions;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.bindings.standin.ModuleCalls;
import dev.clusca.emulator.ptx.PtxException;
import dev.clusca.emulator.ptx.Variable;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Modules, functions, and how many blocks fit. */
final class ModuleDriver implements ModuleCalls {
    private final Driver driver;
    /** Names that the calling program was given pointers to; they stay for good. */
    private final Map<String, Long> names = new HashMap<>();

    ModuleDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuModuleLoadData(long moduleOut, long image) {
        cuModuleLoadDataEx(moduleOut, image, 0, 0, 0);
    }

    @Override
    public void cuModuleLoadDataEx(long moduleOut, long image, int numOptions, long options, long optionValues) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("a module was loaded");
        JitOptions jit = new JitOptions(numOptions, options, optionValues);
        jit.noTime();
        jit.log(false, "");
        try {
            long handle = EmulatedModule.load(driver, PtxImage.read(image, driver.device()));
            context.modules().add(handle);
            jit.log(true, "");
            HostMemory.putLong(moduleOut, handle);
        } catch (DriverFailure failure) {
            jit.log(true, String.valueOf(failure.getMessage()));
            throw failure;
        } catch (PtxException e) {
            jit.log(true, String.valueOf(e.getMessage()));
            throw new DriverFailure(Result.INVALID_PTX, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void cuModuleUnload(long module) {
        EmulatedContext context = driver.context();
        driver.handles().get(module, EmulatedModule.class);
        driver.requireNoCapture("a module was unloaded");
        context.synchronize();
        driver.unload(module);
        context.modules().remove(module);
    }

    @Override
    public void cuModuleGetLoadingMode(long mode) {
        driver.requireInitialized();
        HostMemory.putInt(mode, 1); // CU_MODULE_EAGER_LOADING
    }

    @Override
    public void cuModuleGetFunction(long functionOut, long module, long name) {
        driver.context();
        HostMemory.putLong(functionOut, module(module).function(HostMemory.getText(name)));
    }

    @Override
    public void cuModuleGetFunctionCount(long count, long module) {
        HostMemory.putInt(count, module(module).functionHandles().size());
    }

    @Override
    public void cuModuleEnumerateFunctions(long functions, int numFunctions, long module) {
        List<Long> handles = List.copyOf(module(module).functionHandles());
        for (int i = 0; i < Math.min(numFunctions, handles.size()); i++) {
            HostMemory.putLong(functions + 8L * i, handles.get(i));
        }
    }

    @Override
    public void cuModuleGetGlobal_v2(long addressOut, long bytesOut, long module, long name) {
        driver.context();
        EmulatedModule found = module(module);
        Variable variable = found.variable(HostMemory.getText(name));
        if (addressOut != 0) {
            HostMemory.putLong(addressOut, found.addressOf(variable));
        }
        if (bytesOut != 0) {
            HostMemory.putLong(bytesOut, variable.size());
        }
    }

    @Override
    public void cuFuncGetAttribute(long value, int attribute, long function) {
        HostMemory.putInt(value, function(function).attribute(attribute));
    }

    @Override
    public void cuFuncSetAttribute(long function, int attribute, int value) {
        driver.context();
        function(function).setAttribute(attribute, value);
    }

    @Override
    public void cuFuncSetCacheConfig(long function, int config) {
        driver.context();
        function(function);
    }

    @Override
    public void cuFuncGetModule(long moduleOut, long function) {
        HostMemory.putLong(moduleOut, function(function).module());
    }

    @Override
    public void cuFuncGetName(long nameOut, long function) {
        String name = function(function).entry().name();
        HostMemory.putLong(
                nameOut,
                names.computeIfAbsent(
                        name, text -> Arena.global().allocateFrom(text).address()));
    }

    @Override
    public void cuFuncGetParamInfo(long function, long paramIndex, long offsetOut, long sizeOut) {
        Variable parameter = function(function).parameter(paramIndex);
        HostMemory.putLong(offsetOut, parameter.offset());
        if (sizeOut != 0) {
            HostMemory.putLong(sizeOut, parameter.size());
        }
    }

    @Override
    public void cuFuncLoad(long function) {
        driver.context();
        function(function);
    }

    @Override
    public void cuOccupancyMaxActiveBlocksPerMultiprocessor(
            long numBlocks, long function, int blockSize, long dynamicSMemSize) {
        HostMemory.putInt(numBlocks, function(function).blocksPerMultiprocessor(blockSize, dynamicSMemSize));
    }

    @Override
    public void cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            long numBlocks, long function, int blockSize, long dynamicSMemSize, int flags) {
        cuOccupancyMaxActiveBlocksPerMultiprocessor(numBlocks, function, blockSize, dynamicSMemSize);
    }

    @Override
    public void cuOccupancyAvailableDynamicSMemPerBlock(
            long dynamicSmemSize, long function, int numBlocks, int blockSize) {
        EmulatedFunction found = function(function);
        if (numBlocks < 1 || found.blocksPerMultiprocessor(blockSize, 0) < numBlocks) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    numBlocks + " blocks of " + blockSize + " threads do not fit on a multiprocessor");
        }
        HostMemory.putLong(dynamicSmemSize, found.sharedLeftFor(numBlocks));
    }

    /** Of block sizes that put equally many threads on a multiprocessor, the largest. */
    @Override
    public void cuOccupancyMaxPotentialBlockSize(
            long minGridSize,
            long blockSize,
            long function,
            long blockSizeToDynamicSMemSize,
            long dynamicSMemSize,
            int blockSizeLimit) {
        EmulatedFunction found = function(function);
        int limit = found.attribute(Cuda.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK());
        if (blockSizeLimit > 0) {
            limit = Math.min(limit, blockSizeLimit);
        }
        int bestThreads = 0;
        int bestBlocks = 0;
        int step = DeviceModel.WARP;
        for (int threads = (limit + step - 1) / step * step; threads > 0; threads -= step) {
            int size = Math.min(threads, limit);
            long shared = blockSizeToDynamicSMemSize == 0
                    ? dynamicSMemSize
                    : HostFunctions.sharedMemoryFor(blockSizeToDynamicSMemSize, size);
            int blocks = found.blocksPerMultiprocessor(size, shared);
            if (blocks * size > bestBlocks * bestThreads) {
                bestThreads = size;
                bestBlocks = blocks;
            }
        }
        HostMemory.putInt(minGridSize, bestBlocks * driver.device().multiprocessors());
        HostMemory.putInt(blockSize, bestThreads);
    }

    private EmulatedModule module(long handle) {
        return driver.handles().get(handle, EmulatedModule.class);
    }

    private EmulatedFunction function(long handle) {
        return driver.handles().get(handle, EmulatedFunction.class);
    }
}
