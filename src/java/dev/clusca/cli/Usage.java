package dev.clusca.cli;

import dev.clusca.cache.CachePolicy;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** Where the library's complaints about arguments become complaints about the command's usage. */
public final class Usage {
    private Usage() {}

    /** A value made of the command's arguments; what the library refuses is wrong usage. */
    public static <T> T of(CommandSpec spec, Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /** Runs a check of the command's arguments; what the library refuses is wrong usage. */
    public static void check(CommandSpec spec, Runnable check) {
        of(spec, () -> {
            check.run();
            return spec;
        });
    }

    /** Wrong usage, as a sentence. */
    public static ParameterException refuse(CommandSpec spec, String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }

    /** Those of the options that were given. */
    public static List<String> given(CommandSpec spec, String... options) {
        return Stream.of(options)
                .filter(spec.commandLine().getParseResult()::hasMatchedOption)
                .toList();
    }

    /** Reads the name of a file or folder. */
    static Path path(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("the name of a file is empty");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("it is not the name of a file: " + e.getReason());
        }
    }

    /** Reads a regular expression. */
    static Pattern pattern(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new TypeConversionException("'" + text + "' is not a regular expression: " + e.getDescription());
        }
    }

    /** Reads a cache policy. */
    public static final class Policy implements ITypeConverter<CachePolicy> {
        @Override
        public CachePolicy convert(String spec) {
            try {
                return CachePolicy.parse(spec);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
