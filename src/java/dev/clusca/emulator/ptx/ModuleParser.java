package dev.clusca.emulator.ptx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the top level of a module: its header, its variables, its kernels. */
final class ModuleParser {
    private final Tokens tokens;
    private final Scope scope = new Scope(null);
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final List<Variable> variables = new ArrayList<>();
    private final Area globals = new Area();
    private final Area shared = new Area();
    private final Declarations declarations;

    ModuleParser(Tokens tokens) {
        this.tokens = tokens;
        this.declarations = new Declarations(tokens);
    }

    Ptx parse() {
        if (!tokens.take(".version")) {
            throw tokens.error("found " + tokens.quoted() + " where '.version' belongs: this is not a PTX module");
        }
        String version = tokens.next();
        tokens.expect(".target");
        String target = tokens.next();
        while (tokens.take(",")) {
            tokens.next();
        }
        while (!tokens.is(Tokens.END)) {
            item();
        }
        return new Ptx(version, target, new LinkedHashMap<>(entries), variables, globals.bytes());
    }

    private void item() {
        int line = tokens.line();
        boolean external = false;
        while (tokens.is(".visible") || tokens.is(".extern") || tokens.is(".weak") || tokens.is(".common")) {
            external |= tokens.next().equals(".extern");
        }
        switch (tokens.peek()) {
            case ".entry" -> {
                tokens.next();
                Entry entry = new EntryParser(tokens, scope, shared.bytes()).parse();
                if (entries.put(entry.name(), entry) != null) {
                    throw new PtxException(line, "the kernel " + entry.name() + " stands twice");
                }
            }
            case ".global", ".const" ->
                declarations.variables().forEach(v -> {
                    Variable placed = globals.place(v);
                    variables.add(placed);
                    scope.add(placed);
                });
            case ".shared" -> {
                for (Variable v : declarations.variables()) {
                    // Dynamic shared memory begins where a kernel's static memory ends; EntryParser moves it there.
                    scope.add(external ? v : shared.place(v));
                }
            }
            case ".func" ->
                throw tokens.error(
                        "a .func is not supported: compile so that every function is inlined (__forceinline__)");
            case ".address_size" -> {
                tokens.next();
                if (tokens.count() != 64) {
                    throw new PtxException(line, ".address_size must be 64");
                }
            }
            case ".file" -> tokens.skipLine(line);
            case ".section" -> skipSection();
            case ".pragma" -> {
                tokens.next();
                tokens.next();
                tokens.expect(";");
            }
            default -> throw tokens.error("found " + tokens.quoted() + " where a kernel or a variable belongs");
        }
    }

    /** Debug information, which nothing here needs. */
    private void skipSection() {
        while (!tokens.take("{")) {
            tokens.next();
        }
        while (!tokens.take("}")) {
            tokens.next();
        }
    }
}
