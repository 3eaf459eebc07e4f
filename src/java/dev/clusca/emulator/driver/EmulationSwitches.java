package dev.clusca.emulator.driver;

import java.util.Map;
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

    static EmulationSwitches ofProcess() {
        return read(System::getProperty, System.getenv());
    }

    static EmulationSwitches read(UnaryOperator<@Nullable String> properties, Map<String, String> environment) {
        @Nullable String property = properties.apply(SWITCH);
        boolean on = property != null
                ? isOn("-D" + SWITCH, property.isEmpty() ? "true" : property)
                : isOn(VARIABLE, environment.getOrDefault(VARIABLE, ""));
        return new EmulationSwitches(on, device(properties));
    }

    private static boolean isOn(String name, String value) {
        return switch (value) {
            case "1", "true" -> true;
            case "", "0", "false" -> false;
            default ->
                throw new IllegalArgumentException(
                        name + " is \"" + value + "\"; expected 1 or true to emulate a GPU, 0 or false not to");
        };
    }

    private static DeviceModel device(UnaryOperator<@Nullable String> properties) {
        DeviceModel device = DeviceModel.standard();
        @Nullable String capability = properties.apply(SWITCH + ".capability");
        if (capability != null) {
            String[] numbers = capability.split("\\.", 2);
            if (numbers.length != 2) {
                throw notANumber("capability", capability, "two numbers, as in 8.0", null);
            }
            device = device.withCapability(
                    (int) number("capability", numbers[0], 0), (int) number("capability", numbers[1], 0));
        }
        return device.withMultiprocessors((int) number(
                        "multiprocessors", properties.apply(SWITCH + ".multiprocessors"), device.multiprocessors()))
                .withMemory(number("memory", properties.apply(SWITCH + ".memory"), device.memoryBytes()))
                .withSeed(number("seed", properties.apply(SWITCH + ".seed"), device.seed()));
    }

    private static long number(String name, @Nullable String value, long otherwise) {
        try {
            return value == null ? otherwise : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw notANumber(name, value, "a whole number", e);
        }
    }

    private static IllegalArgumentException notANumber(
            String name, @Nullable String value, String expected, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "-D" + SWITCH + "." + name + " is \"" + value + "\"; expected " + expected, cause);
    }
}
