package dev.clusca.cli;

import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads numbers, and says without the names of Java's types what is none. */
final class Numbers {
    private Numbers() {}

    /** Has a command and all below it read numbers so. */
    static CommandLine readBy(CommandLine command) {
        ITypeConverter<Integer> integer = whole(Integer::valueOf, Integer.MIN_VALUE, Integer.MAX_VALUE);
        ITypeConverter<Long> large = whole(Long::valueOf, Long.MIN_VALUE, Long.MAX_VALUE);
        ITypeConverter<Float> fraction = fraction(Float::valueOf);
        ITypeConverter<Double> precise = fraction(Double::valueOf);
        return command.registerConverter(int.class, integer)
                .registerConverter(Integer.class, integer)
                .registerConverter(long.class, large)
                .registerConverter(Long.class, large)
                .registerConverter(float.class, fraction)
                .registerConverter(Float.class, fraction)
                .registerConverter(double.class, precise)
                .registerConverter(Double.class, precise);
    }

    private static <T> ITypeConverter<T> whole(Function<String, T> read, long least, long most) {
        return text -> {
            try {
                return read.apply(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is not a whole number"
                        + (text.matches("[+-]?\\d+") ? " from " + least + " to " + most : ""));
            }
        };
    }

    private static <T> ITypeConverter<T> fraction(Function<String, T> read) {
        return text -> {
            try {
                return read.apply(text);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is not a number");
            }
        };
    }
}
