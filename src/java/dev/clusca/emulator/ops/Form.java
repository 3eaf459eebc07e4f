package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Instruction;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.PtxException;
import dev.clusca.emulator.ptx.Type;
import java.util.ArrayList;
import java.util.List;

/** An instruction's modifiers, taken one by one by the family that decodes it; what is left over at the end is unknown. */
final class Form {
    private final Instruction instruction;
    private final List<String> left;

    Form(Instruction instruction) {
        this.instruction = instruction;
        this.left = new ArrayList<>(instruction.modifiers());
    }

    String opcode() {
        return instruction.opcode();
    }

    /** Takes a modifier if it is there. */
    boolean take(String modifier) {
        return left.remove(modifier);
    }

    /** Takes the one of these that is there; {@code otherwise} where none is. */
    String takeOne(String otherwise, String... modifiers) {
        for (String modifier : modifiers) {
            if (left.remove(modifier)) {
                return modifier;
            }
        }
        return otherwise;
    }

    /** Drops hints that change no result. */
    void ignore(String... hints) {
        for (String hint : hints) {
            left.remove(hint);
        }
    }

    /** Drops hints about caches: {@code L2::128B}, {@code L1::no_allocate}. */
    void ignoreCacheHints() {
        left.removeIf(m -> m.startsWith("L1::") || m.startsWith("L2::"));
        ignore("ca", "cg", "cs", "lu", "cv", "wb", "wt");
    }

    /** Takes the last modifier, a type. */
    Type type() {
        Type type = left.isEmpty() ? null : Type.of(left.getLast());
        if (type == null) {
            throw unknown("it names no type");
        }
        left.removeLast();
        return type;
    }

    boolean endsWithType() {
        return !left.isEmpty() && Type.of(left.getLast()) != null;
    }

    int operands() {
        return instruction.operands().size();
    }

    Operand operand(int k) {
        if (k >= instruction.operands().size()) {
            throw unknown("operand " + (k + 1) + " is missing");
        }
        return instruction.operands().get(k);
    }

    /** Refuses any other number of operands. */
    void expectOperands(int from, int to) {
        if (operands() < from || operands() > to) {
            throw unknown("it has " + operands() + " operands");
        }
    }

    void finish() {
        if (!left.isEmpty()) {
            throw unknown("the emulator does not know '." + left.getFirst() + "' here");
        }
    }

    PtxException unknown() {
        return unknown("the emulator does not know this form");
    }

    PtxException unknown(String why) {
        return new PtxException(instruction.line(), "unknown instruction '" + instruction + "': " + why);
    }
}
