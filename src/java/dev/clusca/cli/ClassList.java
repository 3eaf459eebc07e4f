package dev.clusca.cli;

import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Classes as a user lists them: numbers separated by commas. Whether the model has them is for the model to say. */
record ClassList(List<Integer> classes) {
    ClassList {
        classes = List.copyOf(classes);
    }

    int[] toArray() {
        return classes.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Reads {@code 0,1,2}. */
    static final class Converter implements ITypeConverter<ClassList> {
        @Override
        public ClassList convert(String text) {
            try {
                return new ClassList(Stream.of(text.split(",", -1))
                        .map(number -> Integer.valueOf(number.strip()))
                        .toList());
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "'" + text + "' is not a list of class numbers separated by commas, as in 0,1,2");
            }
        }
    }
}
