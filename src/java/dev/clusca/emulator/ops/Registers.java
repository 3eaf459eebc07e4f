package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Instruction;
import dev.clusca.emulator.ptx.Operand;
import java.util.function.Consumer;

/** Which registers an instruction reads and which it sets. */
final class Registers {
    private Registers() {}

    static void read(Instruction in, Consumer<Operand.Register> reader) {
        if (in.guard() != null) {
            reader.accept(in.guard());
        }
        for (int k = setsFirst(in) ? 1 : 0; k < in.operands().size(); k++) {
            visit(in.operands().get(k), reader);
        }
    }

    static void set(Instruction in, Consumer<Operand.Register> setter) {
        if (setsFirst(in)) {
            visit(in.operands().getFirst(), setter);
        }
    }

    /** Whether the first operand is a result. */
    private static boolean setsFirst(Instruction in) {
        return switch (in.opcode()) {
            case "st",
                    "red",
                    "cp",
                    "bra",
                    "ret",
                    "exit",
                    "trap",
                    "brkpt",
                    "membar",
                    "fence",
                    "nanosleep",
                    "prefetch",
                    "prefetchu",
                    "discard" -> false;
            case "bar", "barrier" -> in.has("red");
            default -> !in.operands().isEmpty();
        };
    }

    private static void visit(Operand operand, Consumer<Operand.Register> visitor) {
        switch (operand) {
            case Operand.Register register -> visitor.accept(register);
            case Operand.Group group -> group.parts().forEach(part -> visit(part, visitor));
            case Operand.Pair pair -> {
                visit(pair.first(), visitor);
                visit(pair.second(), visitor);
            }
            case Operand.Not not -> visit(not.operand(), visitor);
            case Operand.Address address when address.base() != null -> visit(address.base(), visitor);
            default -> {}
        }
    }
}
