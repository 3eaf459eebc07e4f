package dev.clusca.emulator.driver;

import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.PtxException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The image that a program loads a module from: PTX text, and nothing else here. */
final class PtxImage {
    private static final int ELF = 0x464C457F;
    private static final int FATBIN = 0xBA55ED50;
    private static final Pattern VERSION = Pattern.compile("(?m)^\\s*\\.version\\s+(\\d+\\.\\d+)");
    private static final Pattern TARGET = Pattern.compile("sm_(\\d+)([af]?)");

    private PtxImage() {}

    /**
     * Reads the image at an address.
     *
     * @throws DriverFailure with the result that a driver gives for what is wrong with it
     */
    static Ptx read(long address, DeviceModel device) {
        int magic = HostMemory.getInt(address);
        if (magic == ELF || magic == FATBIN) {
            throw new DriverFailure(
                    Result.NO_BINARY_FOR_GPU,
                    "the image is machine code; the emulator runs PTX text, as nvcc -ptx writes it");
        }
        String text = HostMemory.getText(address);
        Matcher version = VERSION.matcher(text);
        if (!version.find()) {
            throw new DriverFailure(
                    Result.INVALID_IMAGE,
                    "the image has no .version line; expected PTX text that ends with a zero byte");
        }
        if (version(version.group(1)) > DeviceModel.PTX_VERSION) {
            throw new DriverFailure(
                    Result.UNSUPPORTED_PTX_VERSION,
                    "the PTX has version " + version.group(1) + "; this driver reads versions up to "
                            + DeviceModel.PTX_VERSION / 10 + "." + DeviceModel.PTX_VERSION % 10);
        }
        try {
            Ptx ptx = Ptx.parse(text);
            requireTarget(ptx.target(), device);
            return ptx;
        } catch (PtxException e) {
            throw new DriverFailure(Result.INVALID_PTX, String.valueOf(e.getMessage()));
        }
    }

    /** {@code "7.8"} as 78. */
    static int version(String text) {
        int dot = text.indexOf('.');
        return Integer.parseInt(text.substring(0, dot)) * 10 + Integer.parseInt(text.substring(dot + 1));
    }

    private static void requireTarget(String target, DeviceModel device) {
        Matcher matcher = TARGET.matcher(target);
        int capability = device.major() * 10 + device.minor();
        boolean runs = matcher.matches()
                && switch (matcher.group(2)) {
                    case "a" -> Integer.parseInt(matcher.group(1)) == capability;
                    case "f" ->
                        Integer.parseInt(matcher.group(1)) / 10 == device.major()
                                && Integer.parseInt(matcher.group(1)) <= capability;
                    default -> Integer.parseInt(matcher.group(1)) <= capability;
                };
        if (!runs) {
            throw new DriverFailure(
                    Result.INVALID_PTX,
                    "the PTX is for " + target + "; this device has compute capability " + device.major() + "."
                            + device.minor());
        }
    }
}
