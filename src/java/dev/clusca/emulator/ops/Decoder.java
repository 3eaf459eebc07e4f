package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Program;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Instruction;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.Type;
import dev.clusca.emulator.report.FaultKind;
import dev.clusca.emulator.report.InstructionClass;
import java.util.ArrayList;
import java.util.List;

/** Turns a kernel's instructions into steps, once. Refuses, with the line, whatever the emulator does not know. */
public final class Decoder {
    private final Binder bind;
    private final Slots slots = new Slots();
    private final List<Program.Step> steps = new ArrayList<>();

    private Decoder(long variablesAddress) {
        bind = new Binder(slots, variablesAddress);
    }

    /** @param variablesAddress where the module's global and constant variables begin on the device */
    public static Program decode(Entry entry, long variablesAddress) {
        return new Decoder(variablesAddress).program(entry);
    }

    private Program program(Entry entry) {
        List<Instruction> instructions = entry.instructions();
        Assignments assignments = new Assignments(entry);
        int[] starts = new int[instructions.size()];
        for (int k = 0; k < starts.length; k++) {
            starts[k] = steps.size();
            add(instructions.get(k), assignments);
        }
        int last =
                instructions.isEmpty() ? entry.line() : instructions.getLast().line();
        steps.add(new Program.Step(Warp::exit, -1, false, last, "the end", InstructionClass.CONTROL, false));
        Program.Step[] finished =
                steps.stream().map(step -> aimed(step, starts)).toArray(Program.Step[]::new);
        return new Program(entry, finished, slots.registers());
    }

    private static Program.Step aimed(Program.Step step, int[] starts) {
        if (!(step.op() instanceof Control.Branch branch)) {
            return step;
        }
        return new Program.Step(
                new Control.Branch(starts[branch.target()]),
                step.guard(),
                step.negated(),
                step.line(),
                step.text(),
                step.kind(),
                step.counts());
    }

    private void add(Instruction instruction, Assignments assignments) {
        bind.begin(instruction.line());
        Form form = new Form(instruction);
        Op op = op(form);
        form.finish();
        int guard = instruction.guard() == null ? -1 : bind.guard(instruction.guard());
        InstructionClass kind = Classes.of(instruction);
        List<Op> all = new ArrayList<>();
        // A guard decides who runs the steps, so that it is set is looked at without one.
        int unguarded = instruction.guard() != null && assignments.isWatched(instruction.guard()) ? 1 : 0;
        Registers.read(instruction, register -> {
            if (assignments.isWatched(register)) {
                all.add(mustBeSet(register));
            }
        });
        all.addAll(bind.before());
        all.add(op);
        all.addAll(bind.after());
        Registers.set(instruction, register -> {
            if (assignments.isWatched(register)) {
                all.add(nowSet(register));
            }
        });
        for (int k = 0; k < all.size(); k++) {
            steps.add(new Program.Step(
                    all.get(k),
                    k < unguarded ? -1 : guard,
                    instruction.negated(),
                    instruction.line(),
                    instruction.toString(),
                    kind,
                    all.get(k) == op));
        }
    }

    private Op mustBeSet(Operand.Register register) {
        int set = slots.isSet(register);
        return (warp, mask) -> {
            int missing = mask & ~warp.p[set];
            if (missing != 0) {
                throw new AccessFault(
                        FaultKind.UNINITIALISED_REGISTER, Integer.numberOfTrailingZeros(missing), register.name());
            }
        };
    }

    private Op nowSet(Operand.Register register) {
        int set = slots.isSet(register);
        return (warp, mask) -> warp.p[set] |= mask;
    }

    private Op op(Form form) {
        return switch (form.opcode()) {
            case "add",
                    "sub",
                    "mul",
                    "mul24",
                    "mad",
                    "div",
                    "rem",
                    "min",
                    "max",
                    "neg",
                    "abs",
                    "sad",
                    "fma",
                    "rcp",
                    "sqrt",
                    "copysign" -> arithmetic(form);
            case "ex2", "rsqrt", "tanh", "lg2", "sin", "cos" -> approximate(form);
            case "and",
                    "or",
                    "xor",
                    "not",
                    "shl",
                    "shr",
                    "shf",
                    "bfe",
                    "bfi",
                    "bfind",
                    "popc",
                    "clz",
                    "brev",
                    "prmt",
                    "lop3" -> BitLogic.decode(form, bind);
            case "setp" -> Comparison.decode(form, bind);
            case "selp" -> Moves.selp(form, bind);
            case "mov" -> Moves.mov(form, bind);
            case "cvta" -> Moves.cvta(form, bind);
            case "cvt" -> Conversion.decode(form, bind);
            case "ld", "ldu" -> Memory.load(form, bind);
            case "st" -> Memory.store(form, bind);
            case "atom", "red" -> Atomics.decode(form, bind);
            case "cp" -> AsyncCopy.decode(form, bind);
            case "ldmatrix" -> Matrix.load(form, bind);
            case "mma" -> Matrix.multiply(form, bind);
            case "shfl" -> AcrossLanes.shuffle(form, bind);
            case "vote" -> AcrossLanes.vote(form, bind);
            case "match" -> AcrossLanes.match(form, bind);
            case "redux" -> AcrossLanes.reduce(form, bind);
            case "activemask" -> AcrossLanes.activeMask(form, bind);
            case "bra" -> Control.branch(form);
            case "ret", "exit" -> Control.exit(form);
            case "trap", "brkpt" -> Control.trap(form);
            case "bar", "barrier" -> Control.barrier(form, bind);
            case "membar", "fence" -> Control.fence(form);
            case "nanosleep" -> Control.sleep(form, bind);
            case "prefetch", "prefetchu", "discard" -> Control.nothing(form);
            default -> throw form.unknown();
        };
    }

    private Op arithmetic(Form form) {
        Type type = form.type();
        if (type == Type.F32) {
            return Approximation.isApproximate(form)
                    ? Approximation.decode(form, bind)
                    : FloatArithmetic.decode(form, bind);
        }
        if (type == Type.F64) {
            return DoubleArithmetic.decode(form, bind);
        }
        if (type.kind() == Type.Kind.PACKED) {
            return HalfArithmetic.decode(form, bind, type);
        }
        return switch (type.bytes()) {
            case 8 -> LongArithmetic.decode(form, bind, type);
            case 4 -> IntArithmetic.decode(form, bind, type);
            case 2 -> ShortArithmetic.decode(form, bind, type);
            default -> throw form.unknown();
        };
    }

    private Op approximate(Form form) {
        if (form.type() != Type.F32 || !Approximation.isApproximate(form)) {
            throw form.unknown();
        }
        return Approximation.decode(form, bind);
    }
}
