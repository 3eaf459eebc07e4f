package dev.clusca.bindings.standin;

/** Driver calls about the driver itself and its devices. See {@link DriverCalls} for what all have in common. */
public interface DeviceCalls {
    void cuInit(int flags);

    void cuDriverGetVersion(long driverVersion);

    void cuGetErrorName(int error, long textOut);

    void cuGetErrorString(int error, long textOut);

    void cuDeviceGet(long deviceOut, int ordinal);

    void cuDeviceGetCount(long count);

    void cuDeviceGetName(long name, int len, int device);

    void cuDeviceGetUuid(long uuid, int device);

    void cuDeviceGetUuid_v2(long uuid, int device);

    void cuDeviceTotalMem_v2(long bytesOut, int device);

    void cuDeviceGetAttribute(long value, int attribute, int device);

    void cuDeviceGetPCIBusId(long pciBusId, int len, int device);

    void cuDeviceGetByPCIBusId(long device, long busId);

    void cuDeviceComputeCapability(long major, long minor, int device);

    void cuDeviceGetDefaultMemPool(long poolOut, int device);

    void cuDeviceCanAccessPeer(long can, int device, int peer);
}
