package dev.clusca.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Whole numbers as a user lists them: {@code 3,5,7}, or from where to where, {@code 3-9}. */
record NumberList(List<Integer> numbers) {
    private static final int LONGEST = 1000;
    private static final Pattern ITEM = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9}))?");

    NumberList {
        numbers = List.copyOf(numbers);
    }

    /** Reads a list. */
    static final class Converter implements ITypeConverter<NumberList> {
        @Override
        public NumberList convert(String text) {
            List<Integer> numbers = new ArrayList<>();
            for (String item : text.split(",", -1)) {
                Matcher range = ITEM.matcher(item.strip());
                if (!range.matches()) {
                    throw new TypeConversionException(
                            "'" + text + "' is not a list of whole numbers, as in 3,5,7 or 3-9");
                }
                int first = Integer.parseInt(range.group(1));
                int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
                if (last < first || last - first >= LONGEST || numbers.size() >= LONGEST) {
                    throw new TypeConversionException("'" + text + "' is not a list of at most " + LONGEST
                            + " whole numbers, each range from a smaller to a larger one");
                }
                for (int number = first; number <= last; number++) {
                    numbers.add(number);
                }
            }
            return new NumberList(numbers);
        }
    }
}
