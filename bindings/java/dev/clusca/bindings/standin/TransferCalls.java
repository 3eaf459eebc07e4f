package dev.clusca.bindings.standin;

/** Driver calls that copy and fill memory. Narrow fill patterns arrive zero-extended. See {@link DriverCalls} for what all have in common. */
public interface TransferCalls {
    void cuMemcpyHtoD_v2(long to, long from, long bytes);

    void cuMemcpyDtoH_v2(long to, long from, long bytes);

    void cuMemcpyDtoD_v2(long to, long from, long bytes);

    void cuMemcpyHtoDAsync_v2(long to, long from, long bytes, long stream);

    void cuMemcpyDtoHAsync_v2(long to, long from, long bytes, long stream);

    void cuMemcpyDtoDAsync_v2(long to, long from, long bytes, long stream);

    void cuMemcpy2D_v2(long copy);

    void cuMemcpy2DAsync_v2(long copy, long stream);

    void cuMemsetD8_v2(long to, int pattern, long count);

    void cuMemsetD16_v2(long to, int pattern, long count);

    void cuMemsetD32_v2(long to, int pattern, long count);

    void cuMemsetD8Async(long to, int pattern, long count, long stream);

    void cuMemsetD16Async(long to, int pattern, long count, long stream);

    void cuMemsetD32Async(long to, int pattern, long count, long stream);
}
