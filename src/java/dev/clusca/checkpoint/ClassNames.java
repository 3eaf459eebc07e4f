package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The names of a model's classes, as its checkpoint gives them. A class may have several; case does not matter. */
public final class ClassNames {
    private static final int SHOWN = 5;

    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    /** @param labels one text a class, several names separated by commas; of two classes with one name the first has it */
    public ClassNames(List<String> labels) {
        for (int number = 0; number < labels.size(); number++) {
            for (String name : labels.get(number).split(",")) {
                numbers.putIfAbsent(key(name), number);
            }
        }
    }

    /**
     * The class of a name.
     *
     * @throws IllegalArgumentException if there is none: what is near, or that this model has no names
     */
    public int number(String name) {
        Integer number = numbers.get(key(name));
        if (number != null) {
            return number;
        }
        if (numbers.isEmpty()) {
            throw new IllegalArgumentException("this model's checkpoint does not name its classes, so " + quote(name)
                    + " cannot be found; give class numbers");
        }
        String near = numbers.keySet().stream()
                .filter(known -> known.contains(key(name)) || key(name).contains(known))
                .limit(SHOWN)
                .collect(Collectors.joining(", "));
        throw new IllegalArgumentException("there is no class " + quote(name)
                + (near.isEmpty() ? "; the first are " + first() : "; did you mean one of: " + near));
    }

    private String first() {
        return numbers.keySet().stream().limit(SHOWN).collect(Collectors.joining(", "));
    }

    private static String key(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }
}
