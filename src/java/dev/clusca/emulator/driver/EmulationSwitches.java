package dev.clusca.emulator.driver;

import dev.clusca.bindings.NativeUnavailableException;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The switches of emulation. System properties come first, then the environment:
 *
 * <ul>
 *   <li>{@code -Dclusca.emulate} or {@code CLUSCA_EMULATE}: {@code 1} or {@code true} to emulate, {@code 0} or {@code false} not to;
 *   <li>{@code -Dclusca.emulate.capability=9.0}: the device's compute capability;
 *   <li>{@code -Dclusca.emulate.multiprocessors=8};
 *   <li>{@code -Dclusca.emulate.memory=4294967296}: bytes;
 *   <li>{@code -Dclusca.emulate.seed=0}: of the order in which work runs.
 * </ul>
 *
 * @param areOn whether to emulate
 * @param device the device they describe
 */
record EmulationSwitches(boolean areOn, DeviceModel device) {
    private static final String SWITCH = "clusca.emulate";
    private static final String VARIABLE = "CLUSCA_EMULATE";
    private static final String REMEDY = "set it to that, or remove it";

    /** @throws NativeUnavailableException where one of them means nothing, whether or not it is to emulate */
    static EmulationSwitches ofProcess() {
        return read(System::getProperty, System.getenv());
    }

    static EmulationSwitches read(UnaryOperator<@Nullable String> properties, Map<String, String> environment) {
        @Nullable String property = properties.apply(SWITCH);
        boolean on = property != null
                ? isOn("-D" + SWITCH, property.isEmpty() ? "true" : property)
                : isOn(VARIABLE, environment.getOrDefault(VARIABLE, ""));
        DeviceModel device = DeviceModel.standard();
        device = with(properties, "capability", device, EmulationSwitches::withCapability);
        device = with(
                properties,
                "multiprocessors",
                device,
                (d, value) -> d.withMultiprocessors(Math.toIntExact(number("multiprocessors", value))));
        device = with(properties, "memory", device, (d, value) -> d.withMemory(number("memory", value)));
        device = with(properties, "seed", device, (d, value) -> d.withSeed(number("seed", value)));
        return new EmulationSwitches(on, device);
    }

    private static boolean isOn(String name, String value) {
        return switch (value) {
            case "1", "true" -> true;
            case "", "0", "false" -> false;
            default -> throw meaningless(name, value, "1 or true to emulate a GPU, 0 or false not to", null);
        };
    }

    /** The device that the property describes, which may be one that cannot be. */
    private static DeviceModel with(
            UnaryOperator<@Nullable String> properties,
            String name,
            DeviceModel device,
            BiFunction<DeviceModel, String, DeviceModel> change) {
        @Nullable String value = properties.apply(SWITCH + "." + name);
        try {
            return value == null ? device : change.apply(device, value);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new NativeUnavailableException(
                    "-D" + SWITCH + "." + name + " is \"" + value + "\": " + e.getMessage(),
                    "a device that can be emulated",
                    REMEDY,
                    e);
        }
    }

    private static DeviceModel withCapability(DeviceModel device, String value) {
        String[] numbers = value.split("\\.", 2);
        if (numbers.length != 2) {
            throw meaningless("-D" + SWITCH + ".capability", value, "two numbers, as in 8.0", null);
        }
        return device.withCapability(
                Math.toIntExact(number("capability", numbers[0])), Math.toIntExact(number("capability", numbers[1])));
    }

    private static long number(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw meaningless("-D" + SWITCH + "." + name, value, "a whole number", e);
        }
    }

    private static NativeUnavailableException meaningless(
            String name, String value, String expected, @Nullable Throwable cause) {
        return new NativeUnavailableException(name + " is \"" + value + "\"", expected, REMEDY, cause);
    }
}
