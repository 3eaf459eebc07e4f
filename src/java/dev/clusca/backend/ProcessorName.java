package dev.clusca.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the machine's processor is called: Linux's name and the generation, {@code AMD EPYC (Zen 4)}. Virtual machines hide the name's end, and generations that share the rest differ twofold in
 * speed, so that results of one must not stand beside those of another.
 */
public final class ProcessorName {
    private ProcessorName() {}

    /** This machine's. */
    public static String current() {
        try {
            return of(Files.readAllLines(Path.of("/proc/cpuinfo")));
        } catch (IOException e) {
            return of(List.of()); // not Linux
        }
    }

    /** The first processor's in the lines of {@code /proc/cpuinfo}. */
    static String of(List<String> lines) {
        String name = field(lines, "model name");
        if (name.isEmpty()) {
            return "an unknown " + System.getProperty("os.arch") + " processor";
        }
        try {
            int family = Integer.parseInt(field(lines, "cpu family"));
            int model = Integer.parseInt(field(lines, "model"));
            return name + " ("
                    + switch (field(lines, "vendor_id")) {
                        case "AuthenticAMD" -> amd(family, model);
                        case "GenuineIntel" -> intel(family, model, Integer.parseInt(field(lines, "stepping")));
                        default -> numbers(family, model);
                    }
                    + ")";
        } catch (NumberFormatException e) {
            return name; // what is no x86-64 has no family
        }
    }

    /** As Linux tells them apart, in {@code arch/x86/kernel/cpu/amd.c}. */
    private static String amd(int family, int model) {
        int row = model >> 4;
        return switch (family) {
            case 0x17 -> row <= 2 || row == 5 ? "Zen" : "Zen 2";
            case 0x19 -> row == 1 || row >= 6 ? "Zen 4" : "Zen 3";
            case 0x1a -> row == 5 || row >= 8 ? "Zen 6" : "Zen 5";
            default -> numbers(family, model);
        };
    }

    /** Servers alone: the names of others say which they are. */
    private static String intel(int family, int model, int stepping) {
        return family != 6
                ? numbers(family, model)
                : switch (model) {
                    case 0x3f -> "Haswell";
                    case 0x4f, 0x56 -> "Broadwell";
                    case 0x55 -> stepping < 5 ? "Skylake" : stepping < 10 ? "Cascade Lake" : "Cooper Lake";
                    case 0x6a, 0x6c -> "Ice Lake";
                    case 0x8f -> "Sapphire Rapids";
                    case 0xcf -> "Emerald Rapids";
                    case 0xad, 0xae -> "Granite Rapids";
                    default -> numbers(family, model);
                };
    }

    private static String numbers(int family, int model) {
        return "family " + family + ", model " + model;
    }

    /** The first value of a key; empty where there is none. */
    private static String field(List<String> lines, String key) {
        return lines.stream()
                .map(line -> line.split(":", 2))
                .filter(parts -> parts.length == 2 && parts[0].strip().equals(key))
                .map(parts -> parts[1].strip())
                .findFirst()
                .orElse("");
    }
}
