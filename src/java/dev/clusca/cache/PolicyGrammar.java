package dev.clusca.cache;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads policy specifications: {@code name[:key=value,...]}. */
final class PolicyGrammar {
    private PolicyGrammar() {}

    static CachePolicy parse(String spec) {
        int colon = spec.indexOf(':');
        String name = (colon < 0 ? spec : spec.substring(0, colon)).strip().toLowerCase(Locale.ROOT);
        String rest = colon < 0 ? "" : spec.substring(colon + 1);
        return switch (name) {
            case "full" -> {
                new Settings(name, rest, List.of());
                yield new FullCompute();
            }
            case "fora" -> {
                Settings s = new Settings(name, rest, List.of("interval", "full", "ladder"));
                yield new Fora(s.schedule(), s.ladder());
            }
            case "taylorseer" -> {
                Settings s = new Settings(name, rest, List.of("interval", "full", "order", "first", "ladder"));
                yield new TaylorSeer(s.schedule(), s.integer("order", 2), s.integer("first", 2), s.ladder());
            }
            case "clusca" -> {
                Settings s = new Settings(
                        name,
                        rest,
                        List.of(
                                "interval",
                                "full",
                                "order",
                                "clusters",
                                "gamma",
                                "first",
                                "iterations",
                                "stop",
                                "ladder"));
                KMeansOptions d = KMeansOptions.DEFAULT;
                yield new ClusCa(
                        s.schedule(),
                        s.integer("order", 2),
                        s.integer("clusters", 16),
                        s.decimal("gamma", 0.005f),
                        s.integer("first", 2),
                        new KMeansOptions(
                                s.integer("iterations", d.maxIterations()),
                                d.relative(),
                                d.absolute(),
                                s.stopsTogether()),
                        s.ladder());
            }
            default ->
                throw new IllegalArgumentException("there is no policy named '" + name
                        + "'; there are full, fora, taylorseer and clusca, as in clusca:interval=5,order=2");
        };
    }

    static void checkInterval(int interval) {
        if (interval < 1) {
            throw new IllegalArgumentException(
                    "interval is the number of steps from one full step to the next, at least 1; got " + interval);
        }
    }

    static void checkFirst(String policy, int firstEnhance) {
        if (firstEnhance < 1) {
            throw new IllegalArgumentException(policy
                    + ": first is the number of full steps at the beginning, at least 1 because nothing is cached before; got "
                    + firstEnhance);
        }
    }

    static void checkOrder(String policy, int order) {
        if (order < 0 || order >= StepTable.Column.MAX_TERMS) {
            throw new IllegalArgumentException(
                    policy + ": order must be 0 to " + (StepTable.Column.MAX_TERMS - 1) + ", got " + order);
        }
    }

    static void checkLadder(String policy, @Nullable DType ladder) {
        if (ladder != null && !ladder.isCompute()) {
            throw new IllegalArgumentException(policy + ": ladder is stored as f32 or bf16, got " + ladder);
        }
    }

    static String ladderSpec(@Nullable DType ladder) {
        return ladder == null ? "" : ",ladder=" + ladder.label();
    }

    /** The {@code key=value} pairs of one policy. */
    private static final class Settings {
        private final String policy;
        private final Map<String, String> values = new HashMap<>();

        Settings(String policy, String text, List<String> keys) {
            this.policy = policy;
            if (text.isBlank()) {
                return;
            }
            for (String pair : text.split(",", -1)) {
                int equals = pair.indexOf('=');
                String key =
                        equals < 0 ? pair.strip() : pair.substring(0, equals).strip();
                if (equals < 0 || !keys.contains(key)) {
                    throw new IllegalArgumentException(policy + ": '" + pair + "' is not a setting; "
                            + (keys.isEmpty()
                                    ? "it has none"
                                    : "settings are key=value with the keys " + String.join(", ", keys)));
                }
                if (values.put(key, pair.substring(equals + 1).strip()) != null) {
                    throw new IllegalArgumentException(policy + ": " + key + " is given twice");
                }
            }
        }

        int integer(String key, int otherwise) {
            String value = values.get(key);
            return value == null ? otherwise : integer(key, value);
        }

        private int integer(String key, String value) {
            try {
                return Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        policy + ": " + key + " must be a whole number, got '" + value + "'", e);
            }
        }

        /** Full steps at a distance, 5 if nothing is said, or those that are named. */
        Schedule schedule() {
            String full = values.get("full");
            if (full != null && values.containsKey("interval")) {
                throw new IllegalArgumentException(
                        policy + ": interval and full both say which steps are full; give one of them");
            }
            if (full == null) {
                int interval = integer("interval", 5);
                return named(() -> Schedule.every(interval));
            }
            int[] steps = Arrays.stream(full.split("/", -1))
                    .mapToInt(step -> integer("full", step.strip()))
                    .toArray();
            return named(() -> Schedule.at(steps));
        }

        /** What a schedule refuses, it refuses in this policy's name. */
        private Schedule named(Supplier<Schedule> schedule) {
            try {
                return schedule.get();
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(policy + ": " + e.getMessage(), e);
            }
        }

        float decimal(String key, float otherwise) {
            String value = values.get(key);
            if (value == null) {
                return otherwise;
            }
            try {
                return Float.parseFloat(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(policy + ": " + key + " must be a number, got '" + value + "'", e);
            }
        }

        boolean stopsTogether() {
            String value = values.getOrDefault("stop", "image");
            return switch (value) {
                case "image" -> false;
                case "batch" -> true;
                default ->
                    throw new IllegalArgumentException(policy
                            + ": stop is image (each image's clustering stops on its own) or batch (all together), got '"
                            + value + "'");
            };
        }

        @Nullable
        DType ladder() {
            String value = values.getOrDefault("ladder", "auto");
            return switch (value) {
                case "auto" -> null;
                case "f32" -> DType.F32;
                case "bf16" -> DType.BF16;
                default ->
                    throw new IllegalArgumentException(policy
                            + ": ladder is f32, bf16 or auto (the type that the run computes in), got '" + value + "'");
            };
        }
    }
}
