package dev.clusca.emulator.ptx;

import java.util.ArrayList;
import java.util.List;

/** Reads an instruction's operands and, once every label is known, resolves branch targets and the place of dynamic shared memory. */
final class Operands {
    private static final int MAX_OPERANDS = 64;

    private final Tokens tokens;
    private final long sharedBytes;

    /** A branch target before its label is known. */
    private static final int UNRESOLVED = -1;

    Operands(Tokens tokens, long sharedBytes) {
        this.tokens = tokens;
        this.sharedBytes = sharedBytes;
    }

    /** The operands up to the semicolon. */
    List<Operand> list(Scope scope) {
        List<Operand> operands = new ArrayList<>();
        if (!tokens.is(";")) {
            do {
                operands.add(operand(scope));
                if (operands.size() > MAX_OPERANDS) {
                    throw tokens.error("an instruction has more than " + MAX_OPERANDS + " operands");
                }
            } while (tokens.take(","));
        }
        if (!tokens.is(";")) {
            throw tokens.error("found " + tokens.quoted() + " where ',' or ';' belongs");
        }
        tokens.next();
        return operands;
    }

    Operand.Register predicate(Scope scope) {
        String name = tokens.name();
        Operand.Register register = scope.register(name);
        if (register == null || register.type() != Type.PRED) {
            throw tokens.error("'" + name + "' is no predicate register");
        }
        return register;
    }

    private Operand operand(Scope scope) {
        if (tokens.take("[")) {
            return address(scope);
        }
        if (tokens.take("{")) {
            return group(scope);
        }
        if (tokens.take("!")) {
            return new Operand.Not(simple(scope));
        }
        Operand first = simple(scope);
        return tokens.take("|") ? new Operand.Pair(first, simple(scope)) : first;
    }

    private Operand group(Scope scope) {
        List<Operand> parts = new ArrayList<>();
        do {
            parts.add(simple(scope));
            if (parts.size() > MAX_OPERANDS) {
                throw tokens.error("a group has more than " + MAX_OPERANDS + " parts");
            }
        } while (tokens.take(","));
        tokens.expect("}");
        return new Operand.Group(parts);
    }

    private Operand address(Scope scope) {
        Operand base = simple(scope);
        long offset = 0;
        if (base instanceof Operand.Whole absolute) {
            tokens.expect("]");
            return new Operand.Address(null, absolute.value());
        }
        if (tokens.take("+")) {
            offset = whole(scope);
        } else if (tokens.is("-")) {
            offset = whole(scope);
        }
        tokens.expect("]");
        if (!(base instanceof Operand.Register) && !(base instanceof Operand.Symbol)) {
            throw tokens.error("'" + base + "' cannot be the base of an address");
        }
        return new Operand.Address(base, offset);
    }

    private long whole(Scope scope) {
        if (simple(scope) instanceof Operand.Whole number) {
            return number.value();
        }
        throw tokens.error("an address's offset is a whole number");
    }

    private Operand simple(Scope scope) {
        boolean negative = tokens.take("-");
        int line = tokens.line();
        String word = tokens.peek();
        if (Numbers.isNumber(word)) {
            return Numbers.parse(tokens.next(), negative, line);
        }
        if (negative) {
            throw tokens.error("found " + tokens.quoted() + " where a number belongs");
        }
        String name = tokens.name();
        if (name.equals("_")) {
            return new Operand.Sink();
        }
        Operand.Register register = scope.register(name);
        if (register != null) {
            return register;
        }
        Variable variable = scope.variable(name);
        if (variable != null) {
            return new Operand.Symbol(variable);
        }
        if (name.startsWith("%")) {
            return new Operand.Special(name);
        }
        return new Operand.Target(name, UNRESOLVED);
    }

    /** The instruction with branch targets as instruction indices and the address of dynamic shared memory. */
    Instruction resolve(Instruction instruction, Scope scope, int instructions) {
        List<Operand> resolved = instruction.operands().stream()
                .map(operand -> resolve(operand, scope, instruction.line(), instructions))
                .toList();
        return new Instruction(
                instruction.line(),
                instruction.guard(),
                instruction.negated(),
                instruction.opcode(),
                instruction.modifiers(),
                resolved);
    }

    private Operand resolve(Operand operand, Scope scope, int line, int instructions) {
        return switch (operand) {
            case Operand.Target target -> {
                Integer at = scope.label(target.label());
                if (at == null) {
                    throw new PtxException(
                            line, "'" + target.label() + "' is neither a register, a variable nor a label");
                }
                if (at == instructions) {
                    throw new PtxException(line, "the label " + target.label() + " stands after the last instruction");
                }
                yield new Operand.Target(target.label(), at);
            }
            case Operand.Symbol symbol -> new Operand.Symbol(place(symbol.variable()));
            case Operand.Address address
            when address.base() instanceof Operand.Symbol symbol ->
                new Operand.Address(new Operand.Symbol(place(symbol.variable())), address.offset());
            default -> operand;
        };
    }

    /** Dynamic shared memory, which has no size of its own, begins after the static. */
    private Variable place(Variable variable) {
        if (variable.space() != Space.SHARED || variable.size() != 0) {
            return variable;
        }
        return new Area(sharedBytes).place(variable);
    }
}
