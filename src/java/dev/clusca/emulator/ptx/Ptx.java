package dev.clusca.emulator.ptx;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A PTX module, parsed and immutable.
 *
 * @param version as in {@code .version 7.0}
 * @param target as in {@code .target sm_80}
 * @param entries by name, in the order of the text
 * @param variables the module's {@code .global} and {@code .const} variables, with offsets into one area of {@link #variableBytes}
 */
public record Ptx(
        String version, String target, Map<String, Entry> entries, List<Variable> variables, long variableBytes) {
    /** The most characters a module may have; anything longer is not a kernel. */
    public static final int MAX_CHARACTERS = 64 << 20;

    public Ptx {
        variables = List.copyOf(variables);
    }

    /**
     * Reads a module.
     *
     * @throws PtxException with the line, where the text is not PTX as nvcc prints it
     */
    public static Ptx parse(String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw new PtxException(
                    1, "the text has " + text.length() + " characters; at most " + MAX_CHARACTERS + " are read");
        }
        return new ModuleParser(new Tokens(text)).parse();
    }

    /** The kernel of that name; an error lists those that exist. */
    public Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("the module has no kernel " + name + "; it has "
                    + entries.keySet().stream().collect(Collectors.joining(", ", "[", "]")));
        }
        return entry;
    }
}
