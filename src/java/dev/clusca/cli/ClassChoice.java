package dev.clusca.cli;

import dev.clusca.checkpoint.ClassNames;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Classes as a user lists them: numbers, or names where the checkpoint has them, separated by commas. Whether the model has them is for the model to say. */
record ClassChoice(List<String> items) {
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

    /** Reads {@code 0,1,golden retriever}. */
    static final class Converter implements ITypeConverter<ClassChoice> {
        @Override
        public ClassChoice convert(String text) {
            List<String> items =
                    Stream.of(text.split(",", -1)).map(String::strip).toList();
            for (String item : items) {
                if (!isNumber(item) && item.chars().noneMatch(Character::isLetter)) {
                    throw new TypeConversionException(
                            "'" + text + "' is not a list of class numbers or names separated by commas, as in 0,1,2");
                }
            }
            return new ClassChoice(items);
        }
    }
}
