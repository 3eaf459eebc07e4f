package dev.clusca.emulator.machine;

import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.report.InstructionClass;

/**
 * A kernel ready to run. A PTX instruction is one step or, where a register is used under another type than its own, several; one of them counts.
 *
 * @param steps in order; branch targets index them
 * @param registers what a warp needs
 */
public record Program(Entry entry, Step[] steps, Registers registers) {
    /**
     * One step.
     *
     * @param guard slot of the predicate that lanes must hold, or -1
     * @param negated whether they must hold its opposite
     * @param line line of the PTX text
     * @param text the instruction as written
     * @param counts whether this is the step that its instruction is counted by
     */
    public record Step(
            Op op, int guard, boolean negated, int line, String text, InstructionClass kind, boolean counts) {}

    /** How many slots of each kind a warp has, and the values that fill those of constants: {@code constants[i] != null} where slot i is constant. */
    public record Registers(int[][] ints, float[][] floats, long[][] longs, double[][] doubles, int predicates) {}
}
