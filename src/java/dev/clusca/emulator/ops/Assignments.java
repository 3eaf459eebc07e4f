package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Instruction;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.PtxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/**
 * Finds the registers that may be read before they are set: those for which some path from the kernel's start to the read sets nothing. Only these are watched while the
 * kernel runs; for all others the text itself is the proof.
 */
final class Assignments {
    private static final long MAX_BITS = 1L << 31;

    private final List<Instruction> instructions;
    private final int registers;
    private final BitSet watched = new BitSet();

    /** A run of instructions that is entered at its start and left at its end. */
    private static final class Stretch {
        final int start;
        final int end;
        final List<Integer> next = new ArrayList<>(2);
        final BitSet known;
        boolean reached;

        Stretch(int start, int end, int registers) {
            this.start = start;
            this.end = end;
            known = new BitSet(registers);
        }
    }

    Assignments(Entry entry) {
        instructions = entry.instructions();
        registers = entry.registers().size();
        List<Stretch> stretches = stretches(entry.line());
        if (!stretches.isEmpty()) {
            propagate(stretches);
            for (Stretch stretch : stretches) {
                if (stretch.reached) {
                    findReads(stretch);
                }
            }
        }
    }

    /** Whether the register is one to watch. */
    boolean isWatched(Operand.Register register) {
        return watched.get(register.index());
    }

    private List<Stretch> stretches(int line) {
        BitSet starts = new BitSet();
        starts.set(0);
        for (int k = 0; k < instructions.size(); k++) {
            int target = target(k);
            if (target >= 0) {
                starts.set(target);
            }
            if (target >= 0 || ends(k)) {
                starts.set(k + 1);
            }
        }
        if ((long) starts.cardinality() * registers > MAX_BITS) {
            throw new PtxException(line, "the kernel has too many branches for so many registers");
        }
        List<Stretch> stretches = new ArrayList<>();
        int[] stretchAt = new int[instructions.size()];
        for (int start = 0; start >= 0 && start < instructions.size(); start = starts.nextSetBit(start + 1)) {
            int next = starts.nextSetBit(start + 1);
            int end = next < 0 ? instructions.size() : Math.min(next, instructions.size());
            stretchAt[start] = stretches.size();
            stretches.add(new Stretch(start, end, registers));
        }
        for (int s = 0; s < stretches.size(); s++) {
            Stretch stretch = stretches.get(s);
            int last = stretch.end - 1;
            if (target(last) >= 0) {
                stretch.next.add(stretchAt[target(last)]);
            }
            boolean falls =
                    target(last) < 0 && !ends(last) || instructions.get(last).guard() != null;
            if (falls && s + 1 < stretches.size()) {
                stretch.next.add(s + 1);
            }
        }
        return stretches;
    }

    private int target(int k) {
        Instruction in = instructions.get(k);
        boolean branch = in.opcode().equals("bra") && in.operands().size() == 1;
        return branch && in.operands().getFirst() instanceof Operand.Target target ? target.instruction() : -1;
    }

    private boolean ends(int k) {
        return switch (instructions.get(k).opcode()) {
            case "ret", "exit", "trap" -> true;
            default -> false;
        };
    }

    private void propagate(List<Stretch> stretches) {
        Deque<Stretch> work = new ArrayDeque<>();
        stretches.getFirst().reached = true;
        work.add(stretches.getFirst());
        while (!work.isEmpty()) {
            Stretch stretch = work.poll();
            BitSet known = (BitSet) stretch.known.clone();
            for (int k = stretch.start; k < stretch.end; k++) {
                setBy(k, known);
            }
            for (int s : stretch.next) {
                Stretch next = stretches.get(s);
                int before = next.known.cardinality();
                if (next.reached) {
                    next.known.and(known);
                } else {
                    next.known.or(known);
                }
                if (!next.reached || next.known.cardinality() != before) {
                    next.reached = true;
                    work.add(next);
                }
            }
        }
    }

    /** A guarded instruction proves nothing: it may not have run. */
    private void setBy(int k, BitSet known) {
        Instruction in = instructions.get(k);
        if (in.guard() == null) {
            Registers.set(in, register -> known.set(register.index()));
        }
    }

    private void findReads(Stretch stretch) {
        BitSet known = (BitSet) stretch.known.clone();
        for (int k = stretch.start; k < stretch.end; k++) {
            Registers.read(instructions.get(k), register -> {
                if (!known.get(register.index())) {
                    watched.set(register.index());
                }
            });
            setBy(k, known);
        }
    }
}
