package dev.clusca.emulator.ptx;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names between a pair of braces, and a way out to those around it. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Variable> variables = new HashMap<>();
    private final Map<String, Operand.Register> registers = new HashMap<>();
    private final Map<String, Range> ranges = new HashMap<>();
    private final Map<String, Integer> labels = new HashMap<>();

    /** Registers declared as {@code %r<8>}: {@code %r0} to {@code %r7}. */
    private record Range(int first, int count, Type type) {}

    Scope(@Nullable Scope outer) {
        this.outer = outer;
    }

    void add(Variable variable) {
        if (variables.put(variable.name(), variable) != null) {
            throw new PtxException(variable.line(), variable.name() + " is declared twice");
        }
    }

    void add(Operand.Register register) {
        registers.put(register.name(), register);
    }

    void add(String prefix, int first, int count, Type type) {
        ranges.put(prefix, new Range(first, count, type));
    }

    void label(String name, int instruction, int line) {
        if (labels.put(name, instruction) != null) {
            throw new PtxException(line, "the label " + name + " stands twice");
        }
    }

    @Nullable
    Variable variable(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Variable found = scope.variables.get(name);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    Operand.@Nullable Register register(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Operand.Register found = scope.registers.get(name);
            if (found == null) {
                found = scope.fromRange(name);
            }
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    @Nullable
    Integer label(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Integer found = scope.labels.get(name);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private Operand.@Nullable Register fromRange(String name) {
        int digits = name.length();
        while (digits > 0 && Character.isDigit(name.charAt(digits - 1))) {
            digits--;
        }
        if (digits == name.length() || name.length() - digits > 9) {
            return null;
        }
        Range range = ranges.get(name.substring(0, digits));
        int number = Integer.parseInt(name, digits, name.length(), 10);
        if (range == null || number >= range.count) {
            return null;
        }
        Operand.Register register = new Operand.Register(range.first + number, name, range.type);
        registers.put(name, register);
        return register;
    }
}
