package dev.clusca.cli;

import dev.clusca.checkpoint.ClassNames;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Classes as a user lists them: numbers, from one to another, or names where the checkpoint has them, separated by commas. Whether the model has them is for the model to say. */
record ClassChoice(List<String> items) {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})-(\\d{1,9})");

    /** More than any model has. */
    private static final int LONGEST = 100_000;

    ClassChoice {
        items = List.copyOf(items);
    }

    /** The numbers. */
    int[] resolve(ClassNames names) {
        return items.stream()
                .mapToInt(item -> isNumber(item) ? Integer.parseInt(item) : names.number(item))
                .toArray();
    }

    private static boolean isNumber(String item) {
        try {
            Integer.parseInt(item);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /** Reads {@code 0,1,golden retriever} and {@code 0-9}. */
    static final class Converter implements ITypeConverter<ClassChoice> {
        @Override
        public ClassChoice convert(String text) {
            List<String> items =
                    Stream.of(text.split(",", -1)).map(String::strip).toList();
            List<String> classes = new ArrayList<>();
            for (String item : items) {
                Matcher range = RANGE.matcher(item);
                if (range.matches()) {
                    int first = Integer.parseInt(range.group(1));
                    int last = Integer.parseInt(range.group(2));
                    if (last < first || last - first >= LONGEST) {
                        throw new TypeConversionException(
                                "'" + item + "' is not a range of classes, from a smaller number to a larger one");
                    }
                    IntStream.rangeClosed(first, last)
                            .mapToObj(Integer::toString)
                            .forEach(classes::add);
                } else if (isNumber(item) || item.chars().anyMatch(Character::isLetter)) {
                    classes.add(item);
                } else {
                    throw new TypeConversionException("'" + text
                            + "' is not a list of class numbers or names separated by commas, as in 0,1,2 or 0-9");
                }
            }
            return new ClassChoice(classes);
        }
    }
}
