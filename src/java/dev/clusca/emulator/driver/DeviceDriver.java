package dev.clusca.emulator.driver;

import dev.clusca.bindings.standin.DeviceCalls;
import dev.clusca.bindings.standin.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;

/** The driver itself and its one device. */
final class DeviceDriver implements DeviceCalls {
    private static final String BUS_ID = "0000:00:00.0";
    private static final byte[] UUID = "clusca emulator.".getBytes(StandardCharsets.US_ASCII);

    private final Driver driver;
    private final Attributes attributes;
    /** Texts that the calling program was given pointers to; they stay for good. */
    private final Map<Result, Long> names = new EnumMap<>(Result.class);

    private final Map<Result, Long> texts = new EnumMap<>(Result.class);

    DeviceDriver(Driver driver) {
        this.driver = driver;
        this.attributes = new Attributes(driver.device());
    }

    @Override
    public void cuInit(int flags) {
        if (flags != 0) {
            throw new DriverFailure(Result.INVALID_VALUE, "cuInit was called with flags " + flags + "; expected 0");
        }
        driver.initialize();
    }

    @Override
    public void cuDriverGetVersion(long driverVersion) {
        HostMemory.putInt(driverVersion, DeviceModel.DRIVER_VERSION);
    }

    @Override
    public void cuGetErrorName(int error, long textOut) {
        HostMemory.putLong(textOut, 0);
        HostMemory.putLong(textOut, names.computeIfAbsent(known(error), result -> kept(result.cudaName())));
    }

    @Override
    public void cuGetErrorString(int error, long textOut) {
        HostMemory.putLong(textOut, 0);
        HostMemory.putLong(textOut, texts.computeIfAbsent(known(error), result -> kept(result.text())));
    }

    private static Result known(int error) {
        return Result.of(error)
                .orElseThrow(() -> new DriverFailure(Result.INVALID_VALUE, "this driver gives no result " + error));
    }

    private static long kept(String text) {
        return Arena.global().allocateFrom(text).address();
    }

    @Override
    public void cuDeviceGet(long deviceOut, int ordinal) {
        driver.requireDevice(ordinal);
        HostMemory.putInt(deviceOut, ordinal);
    }

    @Override
    public void cuDeviceGetCount(long count) {
        driver.requireInitialized();
        HostMemory.putInt(count, 1);
    }

    @Override
    public void cuDeviceGetName(long name, int len, int device) {
        driver.requireDevice(device);
        requireLength(len);
        HostMemory.putText(name, len, DeviceModel.NAME);
    }

    @Override
    public void cuDeviceGetUuid(long uuid, int device) {
        driver.requireDevice(device);
        HostMemory.segment(uuid, UUID.length).copyFrom(MemorySegment.ofArray(UUID));
    }

    @Override
    public void cuDeviceGetUuid_v2(long uuid, int device) {
        cuDeviceGetUuid(uuid, device);
    }

    @Override
    public void cuDeviceTotalMem_v2(long bytesOut, int device) {
        driver.requireDevice(device);
        HostMemory.putLong(bytesOut, driver.memory().capacity());
    }

    @Override
    public void cuDeviceGetAttribute(long value, int attribute, int device) {
        driver.requireDevice(device);
        HostMemory.putInt(value, attributes.get(attribute));
    }

    @Override
    public void cuDeviceGetPCIBusId(long pciBusId, int len, int device) {
        driver.requireDevice(device);
        requireLength(len);
        HostMemory.putText(pciBusId, len, BUS_ID);
    }

    @Override
    public void cuDeviceGetByPCIBusId(long device, long pciBusId) {
        driver.requireInitialized();
        String asked = HostMemory.getText(pciBusId);
        if (!asked.equals(BUS_ID)) {
            throw new DriverFailure(
                    Result.INVALID_DEVICE, "no device is at " + asked + "; the emulator is at " + BUS_ID);
        }
        HostMemory.putInt(device, 0);
    }

    @Override
    public void cuDeviceComputeCapability(long major, long minor, int device) {
        driver.requireDevice(device);
        HostMemory.putInt(major, driver.device().major());
        HostMemory.putInt(minor, driver.device().minor());
    }

    @Override
    public void cuDeviceGetDefaultMemPool(long poolOut, int device) {
        driver.requireDevice(device);
        HostMemory.putLong(poolOut, driver.poolHandle());
    }

    @Override
    public void cuDeviceCanAccessPeer(long can, int device, int peer) {
        driver.requireDevice(device);
        driver.requireDevice(peer);
        HostMemory.putInt(can, 0);
    }

    private static void requireLength(int length) {
        if (length < 1) {
            throw new DriverFailure(
                    Result.INVALID_VALUE, "found a buffer of " + length + " bytes; expected room for a text");
        }
    }
}
