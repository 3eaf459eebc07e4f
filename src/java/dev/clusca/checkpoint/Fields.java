package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The typed fields of one JSON object.
 *
 * @param values as {@link Json} reads them
 * @param source what to call the object in errors
 */
record Fields(Map<?, ?> values, String source) {

    static Fields of(@Nullable Object json, String source) {
        if (json instanceof Map<?, ?> object) {
            return new Fields(object, source);
        }
        throw new CheckpointException(source + " is not a JSON object");
    }

    /** Fields that were written as texts in Python's notation, those of {@code names} alone. */
    static Fields ofPython(Map<String, String> texts, Set<String> names, String source) {
        Map<String, Object> values = new LinkedHashMap<>();
        texts.forEach((name, text) -> {
            if (names.contains(name)) {
                values.put(name, python(text.strip()));
            }
        });
        return new Fields(values, source);
    }

    /** A number, a flag or a list of them; another text stays a text, which the reader of the field then refuses. */
    private static Object python(String text) {
        if (text.matches("[\\[(].*[\\])]")) {
            return Arrays.stream(text.substring(1, text.length() - 1).split(","))
                    .map(String::strip)
                    .filter(each -> !each.isEmpty())
                    .map(Fields::python)
                    .toList();
        }
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> {
                try {
                    yield text.matches("-?\\d+(\\.0*)?")
                            ? (Object) Long.valueOf(text.replaceFirst("\\..*", ""))
                            : (Object) Double.valueOf(text);
                } catch (NumberFormatException e) {
                    yield text;
                }
            }
        };
    }

    /** What is made of the fields; what its constructor refuses is a wrong file. */
    <T> T checked(Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(source + " is " + e.getMessage(), e);
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    source + " has numbers that are too large for a model: their product overflows", e);
        }
    }

    boolean has(String name) {
        return values.get(name) != null;
    }

    Fields object(String name) {
        return of(values.get(name), source + ", field " + name + ",");
    }

    int integer(String name) {
        return switch (required(name)) {
            case Long number when number == number.intValue() -> number.intValue();
            case Object other -> throw wrong(name, other, "a whole number");
        };
    }

    int integer(String name, int otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    double number(String name) {
        return switch (required(name)) {
            case Long number -> number;
            case Double number -> number;
            case Object other -> throw wrong(name, other, "a number");
        };
    }

    double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    boolean flag(String name, boolean otherwise) {
        return switch (values.get(name)) {
            case null -> otherwise;
            case Boolean flag -> flag;
            case Object other -> throw wrong(name, other, "true or false");
        };
    }

    List<String> texts(String name) {
        if (!has(name)) {
            return List.of();
        }
        if (values.get(name) instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw wrong(name, required(name), "a list of texts");
    }

    List<Integer> integers(String name) {
        if (required(name) instanceof List<?> list
                && list.stream().allMatch(e -> e instanceof Long number && number == number.intValue())) {
            return list.stream().map(e -> ((Long) e).intValue()).toList();
        }
        throw wrong(name, required(name), "a list of whole numbers");
    }

    /** An error unless the field is absent or has this value, the only one under which the model is what clusca computes. */
    void onlySupports(String name, Object value) {
        if (has(name) && !isSame(required(name), value)) {
            throw wrong(name, required(name), value + ", the only form that clusca computes");
        }
    }

    /** An error unless the field is absent or null. */
    void onlySupportsNone(String name) {
        if (has(name)) {
            throw wrong(name, required(name), "none, the only form that clusca computes");
        }
    }

    /** JSON writes 1 and 1.0 for the same number. */
    private static boolean isSame(Object found, Object value) {
        return found instanceof Number a && value instanceof Number b
                ? a.doubleValue() == b.doubleValue()
                : found.equals(value);
    }

    /** An error that names every field outside {@code known}; fields that say nothing (null, false, names that begin with an underscore) may stay. */
    void onlyKnown(Set<String> known) {
        TreeSet<String> unknown = new TreeSet<>();
        values.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (!known.contains(name) && !name.startsWith("_") && value != null && !Boolean.FALSE.equals(value)) {
                unknown.add(quote(name));
            }
        });
        if (!unknown.isEmpty()) {
            throw new CheckpointException(source + " has the unknown fields " + String.join(", ", unknown)
                    + "; known are " + String.join(", ", new TreeSet<>(known)));
        }
    }

    private Object required(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw new CheckpointException(source + " has no field " + name);
        }
        return value;
    }

    private CheckpointException wrong(String name, Object value, String expected) {
        return new CheckpointException(
                source + " has " + name + " = " + quote(String.valueOf(value)) + ", expected " + expected);
    }
}
