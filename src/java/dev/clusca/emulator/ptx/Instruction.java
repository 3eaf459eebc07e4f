package dev.clusca.emulator.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One instruction: {@code @!p ld.global.f32 d, [a];}.
 *
 * @param line line of the PTX text
 * @param guard the predicate that lanes must hold, or null
 * @param negated whether lanes must hold its opposite
 * @param opcode the word before the first dot
 * @param modifiers the words after it, in order
 */
public record Instruction(
        int line,
        Operand.@Nullable Register guard,
        boolean negated,
        String opcode,
        List<String> modifiers,
        List<Operand> operands) {
    public Instruction {
        modifiers = List.copyOf(modifiers);
        operands = List.copyOf(operands);
    }

    public boolean has(String modifier) {
        return modifiers.contains(modifier);
    }

    /** The instruction's name as written: {@code ld.global.f32}. */
    public String name() {
        return modifiers.isEmpty() ? opcode : opcode + "." + String.join(".", modifiers);
    }

    @Override
    public String toString() {
        return name() + " "
                + String.join(", ", operands.stream().map(Object::toString).toList());
    }
}
