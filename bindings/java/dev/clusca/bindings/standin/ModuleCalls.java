package dev.clusca.bindings.standin;

/** Driver calls about modules, their functions and global variables, and about how many blocks of a function fit. See {@link DriverCalls} for what all have in common. */
public interface ModuleCalls {
    void cuModuleLoadData(long moduleOut, long image);

    void cuModuleLoadDataEx(long moduleOut, long image, int numOptions, long options, long optionValues);

    void cuModuleUnload(long module);

    void cuModuleGetLoadingMode(long mode);

    void cuModuleGetFunction(long functionOut, long module, long name);

    void cuModuleGetFunctionCount(long count, long module);

    void cuModuleEnumerateFunctions(long functions, int numFunctions, long module);

    void cuModuleGetGlobal_v2(long addressOut, long bytesOut, long module, long name);

    void cuFuncGetAttribute(long value, int attribute, long function);

    void cuFuncSetAttribute(long function, int attribute, int value);

    void cuFuncSetCacheConfig(long function, int config);

    void cuFuncGetModule(long moduleOut, long function);

    void cuFuncGetName(long nameOut, long function);

    void cuFuncGetParamInfo(long function, long paramIndex, long offsetOut, long sizeOut);

    void cuFuncLoad(long function);

    void cuOccupancyMaxActiveBlocksPerMultiprocessor(
            long numBlocks, long function, int blockSize, long dynamicSMemSize);

    void cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
            long numBlocks, long function, int blockSize, long dynamicSMemSize, int flags);

    void cuOccupancyAvailableDynamicSMemPerBlock(long dynamicSmemSize, long function, int numBlocks, int blockSize);

    void cuOccupancyMaxPotentialBlockSize(
            long minGridSize,
            long blockSize,
            long function,
            long blockSizeToDynamicSMemSize,
            long dynamicSMemSize,
            int blockSizeLimit);
}
