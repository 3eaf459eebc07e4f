package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The functions that a gate checks by name before it opens.
 *
 * @param needs the version that has them all, to finish the sentence "install ..."
 * @param required without any one of these the library is of no use
 * @param optional functions that older versions lack; callers ask for each with {@link NativeLibrary#has}
 */
record Symbols(String needs, List<String> required, List<String> optional) {
    Symbols {
        required = List.copyOf(required);
        optional = List.copyOf(optional);
    }

    /** Nothing to check: the caller looks each symbol up when it links it. */
    static Symbols unchecked(String needs) {
        return new Symbols(needs, List.of(), List.of());
    }

    /**
     * Reads {@code <library>/symbols.txt}: one function a line, {@code ?} before an optional one, {@code #} before a comment. It names
     * exactly the functions that the generated class of the library has.
     */
    static Symbols listedFor(String library, String needs) {
        List<String> lines = lines(library + "/symbols.txt");
        return new Symbols(
                needs,
                lines.stream().filter(line -> !line.startsWith("?")).toList(),
                lines.stream()
                        .filter(line -> line.startsWith("?"))
                        .map(line -> line.substring(1).strip())
                        .toList());
    }

    private static List<String> lines(String resource) {
        try (InputStream in = Symbols.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(
                        "the clusca-bindings jar lacks " + resource + "; expected the jar as built; build it again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
