package dev.clusca.measure;

import dev.clusca.pipeline.Machine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The typed fields of one object of a result file. Fields that nobody asks for may be there: later versions add some.
 *
 * @param values as {@link dev.clusca.checkpoint.Json} reads them
 * @param place what to call the object in errors
 */
record ResultFields(Map<?, ?> values, String place) {
    private static final int LONGEST_QUOTE = 60;
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9._-]{1,24}");

    static ResultFields of(@Nullable Object json, String place) {
        if (json instanceof Map<?, ?> object) {
            return new ResultFields(object, place);
        }
        throw new ResultException(place + " is " + quote(json) + ", expected a JSON object");
    }

    /** These fields, whose {@code schema} must be the one that this version reads. */
    ResultFields ofSchema(int known) {
        long schema = whole("schema");
        if (schema != known) {
            throw new ResultException(place + " has schema " + schema + ", and this version reads schema " + known
                    + "; " + (schema > known ? "use the clusca that wrote it" : "measure again"));
        }
        return this;
    }

    boolean has(String name) {
        return values.get(name) != null;
    }

    ResultFields object(String name) {
        return of(required(name, "an object"), place + ", " + name);
    }

    /** The objects of a list. */
    List<ResultFields> objects(String name) {
        if (!(required(name, "a list") instanceof List<?> list)) {
            throw wrong(name, "a list");
        }
        List<ResultFields> objects = new ArrayList<>();
        for (Object element : list) {
            objects.add(of(element, place + ", " + name + "[" + objects.size() + "]"));
        }
        return objects;
    }

    /** Every field as an object, in order. */
    Map<String, ResultFields> entries() {
        Map<String, ResultFields> entries = new LinkedHashMap<>();
        values.forEach((name, value) -> entries.put((String) name, of(value, place + ", " + quote(name))));
        return entries;
    }

    String text(String name) {
        return required(name, "a text") instanceof String text ? text : fail(name, "a text");
    }

    /** A text of a few letters, digits, points, dashes and underscores. */
    String word(String name) {
        String text = text(name);
        return WORD.matcher(text).matches()
                ? text
                : fail(name, "a short name of letters, digits, points, dashes and underscores");
    }

    boolean flag(String name) {
        return required(name, "true or false") instanceof Boolean flag ? flag : fail(name, "true or false");
    }

    long whole(String name) {
        return required(name, "a whole number") instanceof Long number ? number : fail(name, "a whole number");
    }

    /** A whole number from {@code least} on. */
    int count(String name, int least) {
        long number = whole(name);
        return number >= least && number <= Integer.MAX_VALUE
                ? (int) number
                : fail(name, "a whole number from " + least + " on");
    }

    double number(String name) {
        double number = switch (required(name, "a number")) {
            case Long whole -> whole;
            case Double real -> real;
            default -> Double.NaN;
        };
        return Double.isFinite(number) ? number : fail(name, "a number");
    }

    double positive(String name) {
        double number = number(name);
        return number > 0 ? number : fail(name, "a number above 0");
    }

    /** A list of numbers above 0, one at least. */
    List<Double> positives(String name) {
        if (!(required(name, "a list") instanceof List<?> list) || list.isEmpty()) {
            throw wrong(name, "a list of numbers above 0");
        }
        List<Double> numbers = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof Number number)
                    || !(number.doubleValue() > 0)
                    || Double.isInfinite(number.doubleValue())) {
                throw wrong(name, "a list of numbers above 0");
            }
            numbers.add(number.doubleValue());
        }
        return numbers;
    }

    /** As {@link #positive}; empty where the field is absent or null. */
    OptionalDouble positiveIfThere(String name) {
        return has(name) ? OptionalDouble.of(positive(name)) : OptionalDouble.empty();
    }

    double within(String name, double least, double most) {
        double number = number(name);
        return number >= least && number <= most ? number : fail(name, "a number from " + least + " to " + most);
    }

    /** The machine under {@code machine}, as {@link Machine#toJson} writes it. */
    Machine machine() {
        ResultFields fields = object("machine");
        return new Machine(
                fields.text("cpu"),
                fields.count("cores", 1),
                fields.whole("memory_mib"),
                fields.whole("heap_mib"),
                fields.text("os"),
                fields.text("jdk"));
    }

    private Object required(String name, String expected) {
        Object value = values.get(name);
        if (value == null) {
            throw new ResultException(place + " has no " + name + ", expected " + expected);
        }
        return value;
    }

    private <T> T fail(String name, String expected) {
        throw wrong(name, expected);
    }

    private ResultException wrong(String name, String expected) {
        return new ResultException(place + " has " + name + " = " + quote(values.get(name)) + ", expected " + expected);
    }

    /** A value as a message may show it: on one line, shortened. */
    static String quote(@Nullable Object value) {
        String text = switch (value) {
            case null -> "null";
            case Map<?, ?> map -> "an object";
            case List<?> list -> "a list";
            case String string -> "'" + string + "'";
            default -> value.toString();
        };
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), LONGEST_QUOTE); i++) {
            char c = text.charAt(i);
            out.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
        }
        return text.length() > LONGEST_QUOTE ? out + "..." : out.toString();
    }
}
