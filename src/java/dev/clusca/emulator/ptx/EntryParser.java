package dev.clusca.emulator.ptx;

import java.util.ArrayList;
import java.util.List;

/** Reads one kernel: its parameters, its launch bounds, and the statements of its body. */
final class EntryParser {
    private static final int MAX_REGISTERS = 1 << 16;
    private static final int MAX_INSTRUCTIONS = 1 << 20;
    private static final int MAX_DEPTH = 64;
    private static final int DEFAULT_MAX_THREADS = 1024;
    /** More than this a kernel can have as dynamic shared memory only: ptxas refuses it. */
    private static final int MAX_STATIC_SHARED_BYTES = 48 << 10;

    private final Tokens tokens;
    private final Declarations declarations;
    private final Scope module;
    private final List<Variable> parameters = new ArrayList<>();
    private final List<Operand.Register> registers = new ArrayList<>();
    private final List<Draft> drafts = new ArrayList<>();
    private final Area shared;
    private final Area local = new Area();
    private final Area parameterArea = new Area();
    private int maxThreads = DEFAULT_MAX_THREADS;
    private int minBlocks;

    /** An instruction whose branch targets are still names. */
    private record Draft(Instruction instruction, Scope scope) {}

    EntryParser(Tokens tokens, Scope module, long moduleSharedBytes) {
        this.tokens = tokens;
        this.declarations = new Declarations(tokens);
        this.module = module;
        this.shared = new Area(moduleSharedBytes);
    }

    Entry parse() {
        int line = tokens.line();
        String name = tokens.name();
        Scope scope = new Scope(module);
        if (tokens.take("(")) {
            while (!tokens.take(")")) {
                Variable placed = parameterArea.place(declarations.parameter());
                parameters.add(placed);
                scope.add(placed);
                if (!tokens.is(")")) {
                    tokens.expect(",");
                }
            }
        }
        bounds();
        tokens.expect("{");
        block(scope, 0);
        long sharedBytes = shared.wholeBytes();
        if (sharedBytes > MAX_STATIC_SHARED_BYTES) {
            throw new PtxException(
                    line,
                    name + " declares " + sharedBytes + " bytes of shared memory; it may have "
                            + MAX_STATIC_SHARED_BYTES + ", and more as .extern .shared, whose size a launch gives");
        }
        Operands finish = new Operands(tokens, sharedBytes);
        List<Instruction> instructions = drafts.stream()
                .map(d -> finish.resolve(d.instruction, d.scope, drafts.size()))
                .toList();
        return new Entry(
                name,
                line,
                parameters,
                parameterArea.bytes(),
                sharedBytes,
                local.bytes(),
                maxThreads,
                minBlocks,
                registers,
                instructions);
    }

    private void bounds() {
        while (!tokens.is("{")) {
            int line = tokens.line();
            String directive = tokens.next();
            switch (directive) {
                case ".maxntid", ".reqntid" -> maxThreads = product(line);
                case ".minnctapersm" -> minBlocks = tokens.count();
                case ".maxnreg" -> tokens.count();
                default ->
                    throw new PtxException(
                            line, "found '" + directive + "' where a kernel's body or launch bound belongs");
            }
        }
    }

    private int product(int line) {
        long threads = tokens.count();
        while (tokens.take(",")) {
            threads = Math.multiplyExact(threads, tokens.count()) % (1L << 31);
        }
        if (threads < 1 || threads > DEFAULT_MAX_THREADS) {
            throw new PtxException(
                    line, "a launch bound of " + threads + " threads; a block has 1 to " + DEFAULT_MAX_THREADS);
        }
        return (int) threads;
    }

    private void block(Scope scope, int depth) {
        if (depth > MAX_DEPTH) {
            throw tokens.error("braces are nested deeper than " + MAX_DEPTH);
        }
        while (!tokens.take("}")) {
            statement(scope, depth);
        }
    }

    private void statement(Scope scope, int depth) {
        int line = tokens.line();
        switch (tokens.peek()) {
            case "{" -> {
                tokens.next();
                block(new Scope(scope), depth + 1);
            }
            case ".reg" -> registers(scope);
            case ".shared" -> declarations.variables().forEach(v -> scope.add(shared.place(v)));
            case ".local" -> declarations.variables().forEach(v -> scope.add(local.place(v)));
            case ".pragma" -> {
                tokens.next();
                tokens.next();
                tokens.expect(";");
            }
            case ".loc", ".file" -> tokens.skipLine(line);
            case ";" -> tokens.next();
            default -> labelOrInstruction(scope, line);
        }
    }

    private void labelOrInstruction(Scope scope, int line) {
        if (drafts.size() == MAX_INSTRUCTIONS) {
            throw tokens.error("a kernel has more than " + MAX_INSTRUCTIONS + " instructions");
        }
        Operands operands = new Operands(tokens, 0);
        Operand.Register guard = null;
        boolean negated = false;
        if (tokens.take("@")) {
            negated = tokens.take("!");
            guard = operands.predicate(scope);
        }
        String word = tokens.next();
        if (guard == null && tokens.take(":")) {
            label(scope, word, line);
            return;
        }
        List<String> parts = List.of(word.split("\\.", -1));
        if (!word.matches("[a-z][a-zA-Z0-9_.:]*")) {
            throw new PtxException(line, "found '" + word + "' where an instruction belongs");
        }
        drafts.add(new Draft(
                new Instruction(
                        line, guard, negated, parts.get(0), parts.subList(1, parts.size()), operands.list(scope)),
                scope));
    }

    private void label(Scope scope, String name, int line) {
        scope.label(name, drafts.size(), line);
        if (tokens.is(".branchtargets")) {
            throw tokens.error("brx.idx and .branchtargets are not supported: write the switch as branches");
        }
    }

    private void registers(Scope scope) {
        tokens.expect(".reg");
        Type type = declarations.type();
        do {
            int line = tokens.line();
            String name = tokens.name();
            int count = 1;
            boolean range = tokens.take("<");
            if (range) {
                count = tokens.count();
                tokens.expect(">");
            }
            if (count > MAX_REGISTERS - registers.size()) {
                throw new PtxException(line, "a kernel has more than " + MAX_REGISTERS + " registers");
            }
            if (range) {
                scope.add(name, registers.size(), count, type);
            }
            for (int i = 0; i < count; i++) {
                Operand.Register register = new Operand.Register(registers.size(), range ? name + i : name, type);
                registers.add(register);
                if (!range) {
                    scope.add(register);
                }
            }
        } while (tokens.take(","));
        tokens.expect(";");
    }
}
