package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Instruction;
import dev.clusca.emulator.report.InstructionClass;

/** The class that an instruction is counted under. */
final class Classes {
    private Classes() {}

    static InstructionClass of(Instruction in) {
        return switch (in.opcode()) {
            case "ld", "ldu" ->
                in.has("shared")
                        ? InstructionClass.SHARED_LOAD
                        : in.has("local")
                                ? InstructionClass.LOCAL
                                : in.has("param") || in.has("const")
                                        ? InstructionClass.CONSTANT
                                        : InstructionClass.GLOBAL_LOAD;
            case "st" ->
                in.has("shared")
                        ? InstructionClass.SHARED_STORE
                        : in.has("local") ? InstructionClass.LOCAL : InstructionClass.GLOBAL_STORE;
            case "atom", "red" -> InstructionClass.ATOMIC;
            case "cp" -> InstructionClass.ASYNC_COPY;
            case "mma", "ldmatrix" -> InstructionClass.TENSOR;
            case "shfl", "vote", "match", "redux", "activemask" -> InstructionClass.WARP;
            case "bar", "barrier", "membar", "fence" -> InstructionClass.BARRIER;
            case "bra", "ret", "exit", "trap", "brkpt", "nanosleep", "prefetch", "prefetchu", "discard" ->
                InstructionClass.CONTROL;
            case "mov", "cvt", "cvta", "selp" -> InstructionClass.MOVE;
            default -> arithmetic(in);
        };
    }

    private static InstructionClass arithmetic(Instruction in) {
        if (in.has("approx") || in.has("full")) {
            return InstructionClass.SPECIAL;
        }
        String type = in.modifiers().isEmpty() ? "" : in.modifiers().getLast();
        return switch (type) {
            case "f32", "f16", "bf16", "f16x2", "bf16x2" -> InstructionClass.FLOAT;
            case "f64" -> InstructionClass.DOUBLE;
            default -> InstructionClass.INTEGER;
        };
    }
}
