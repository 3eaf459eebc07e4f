package dev.clusca.emulator.ops;

import dev.clusca.emulator.machine.Access;
import dev.clusca.emulator.machine.Op;
import dev.clusca.emulator.machine.Special;
import dev.clusca.emulator.machine.Warp;
import dev.clusca.emulator.ptx.Operand;
import dev.clusca.emulator.ptx.PtxException;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Type;
import dev.clusca.emulator.ptx.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Binds an instruction's operands to slots. An operand that lives in another bank than the instruction works on (a {@code .b32} shuffle of an {@code .f32} register) goes
 * through a temporary, and the steps that carry it there and back stand before and after the instruction.
 */
final class Binder {
    private static final Map<String, Special> SPECIALS = new HashMap<>();

    static {
        for (Special special : Special.values()) {
            SPECIALS.put(special.ptxName(), special);
        }
    }

    private final Slots slots;
    private final long variablesAddress;
    private final List<Op> before = new ArrayList<>();
    private final List<Op> after = new ArrayList<>();
    private int line;

    /** @param variablesAddress where the module's global and constant variables begin on the device */
    Binder(Slots slots, long variablesAddress) {
        this.slots = slots;
        this.variablesAddress = variablesAddress;
    }

    void begin(int newLine) {
        line = newLine;
        before.clear();
        after.clear();
        slots.release();
    }

    List<Op> before() {
        return before;
    }

    List<Op> after() {
        return after;
    }

    /** The slot of a 32-bit or smaller value to read. */
    int intSource(Operand operand, Type type) {
        return switch (operand) {
            case Operand.Register r ->
                switch (Bank.of(r.type())) {
                    case INT -> slots.register(r);
                    case FLOAT -> carryToInt(slots.register(r), Bank.FLOAT);
                    case LONG -> carryToInt(slots.register(r), Bank.LONG);
                    default -> throw mismatch(operand, type);
                };
            case Operand.Whole whole -> slots.constant((int) truncate(whole.value(), type));
            case Operand.Real real when !real.isDouble() -> slots.constant((int) real.bits());
            case Operand.Special special -> special(special);
            case Operand.Symbol symbol
            when symbol.variable().space() != Space.GLOBAL && symbol.variable().space() != Space.CONST ->
                slots.constant((int) symbol.variable().offset());
            default -> throw mismatch(operand, type);
        };
    }

    int longSource(Operand operand) {
        return switch (operand) {
            case Operand.Register r ->
                switch (Bank.of(r.type())) {
                    case LONG -> slots.register(r);
                    case INT -> widened(slots.register(r));
                    case DOUBLE -> {
                        int a = slots.register(r);
                        int d = slots.temporary(Bank.LONG);
                        before.add(Results.longs(d, (w, out) -> Moves.doubleBits(out, w.d[a])));
                        yield d;
                    }
                    default -> throw mismatch(operand, Type.B64);
                };
            case Operand.Whole whole -> slots.constant(whole.value());
            case Operand.Real real when real.isDouble() -> slots.constant(real.bits());
            case Operand.Special special -> widened(special(special));
            case Operand.Symbol symbol -> slots.constant(address(symbol.variable()));
            default -> throw mismatch(operand, Type.B64);
        };
    }

    int floatSource(Operand operand) {
        return switch (operand) {
            case Operand.Register r ->
                switch (Bank.of(r.type())) {
                    case FLOAT -> slots.register(r);
                    case INT -> {
                        int a = slots.register(r);
                        int d = slots.temporary(Bank.FLOAT);
                        before.add(Results.floats(d, (w, out) -> Moves.toFloat(out, w.i[a])));
                        yield d;
                    }
                    default -> throw mismatch(operand, Type.F32);
                };
            case Operand.Real real ->
                slots.constant(real.isDouble() ? (float) real.value() : Float.intBitsToFloat((int) real.bits()));
            default -> throw mismatch(operand, Type.F32);
        };
    }

    int doubleSource(Operand operand) {
        return switch (operand) {
            case Operand.Register r ->
                switch (Bank.of(r.type())) {
                    case DOUBLE -> slots.register(r);
                    case LONG -> {
                        int a = slots.register(r);
                        int d = slots.temporary(Bank.DOUBLE);
                        before.add(Results.doubles(d, (w, out) -> Moves.toDouble(out, w.l[a])));
                        yield d;
                    }
                    default -> throw mismatch(operand, Type.F64);
                };
            case Operand.Real real -> slots.constant(real.value());
            default -> throw mismatch(operand, Type.F64);
        };
    }

    int predicateSource(Operand operand) {
        return switch (operand) {
            case Operand.Register r when r.type() == Type.PRED -> slots.register(r);
            case Operand.Not not -> {
                int a = predicateSource(not.operand());
                int d = slots.temporary(Bank.PREDICATE);
                before.add(Results.predicate(d, w -> ~w.p[a]));
                yield d;
            }
            case Operand.Whole whole -> {
                int d = slots.temporary(Bank.PREDICATE);
                int all = whole.value() == 0 ? 0 : Warp.ALL;
                before.add(Results.predicate(d, w -> all));
                yield d;
            }
            default -> throw mismatch(operand, Type.PRED);
        };
    }

    /** The slot for a result of 32 bits or less. */
    int intTarget(Operand operand) {
        return switch (operand) {
            case Operand.Register r ->
                switch (Bank.of(r.type())) {
                    case INT -> slots.register(r);
                    case FLOAT -> {
                        int a = slots.temporary(Bank.INT);
                        after.add(Results.floats(slots.register(r), (w, out) -> Moves.toFloat(out, w.i[a])));
                        yield a;
                    }
                    case LONG -> {
                        int a = slots.temporary(Bank.INT);
                        after.add(Results.longs(slots.register(r), (w, out) -> Moves.widen(out, w.i[a])));
                        yield a;
                    }
                    default -> throw mismatch(operand, Type.B32);
                };
            case Operand.Sink sink -> slots.temporary(Bank.INT);
            default -> throw mismatch(operand, Type.B32);
        };
    }

    int longTarget(Operand operand) {
        return switch (operand) {
            case Operand.Register r when Bank.of(r.type()) == Bank.LONG -> slots.register(r);
            case Operand.Register r
            when Bank.of(r.type()) == Bank.DOUBLE -> {
                int a = slots.temporary(Bank.LONG);
                after.add(Results.doubles(slots.register(r), (w, out) -> Moves.toDouble(out, w.l[a])));
                yield a;
            }
            case Operand.Sink sink -> slots.temporary(Bank.LONG);
            default -> throw mismatch(operand, Type.B64);
        };
    }

    int floatTarget(Operand operand) {
        return switch (operand) {
            case Operand.Register r when Bank.of(r.type()) == Bank.FLOAT -> slots.register(r);
            case Operand.Register r
            when Bank.of(r.type()) == Bank.INT -> {
                int a = slots.temporary(Bank.FLOAT);
                after.add(Results.ints(slots.register(r), (w, out) -> Moves.floatBits(out, w.f[a])));
                yield a;
            }
            case Operand.Sink sink -> slots.temporary(Bank.FLOAT);
            default -> throw mismatch(operand, Type.F32);
        };
    }

    int doubleTarget(Operand operand) {
        return switch (operand) {
            case Operand.Register r when Bank.of(r.type()) == Bank.DOUBLE -> slots.register(r);
            case Operand.Register r
            when Bank.of(r.type()) == Bank.LONG -> {
                int a = slots.temporary(Bank.DOUBLE);
                after.add(Results.longs(slots.register(r), (w, out) -> Moves.doubleBits(out, w.d[a])));
                yield a;
            }
            case Operand.Sink sink -> slots.temporary(Bank.DOUBLE);
            default -> throw mismatch(operand, Type.F64);
        };
    }

    int predicateTarget(Operand operand) {
        return switch (operand) {
            case Operand.Register r when r.type() == Type.PRED -> slots.register(r);
            case Operand.Sink sink -> slots.temporary(Bank.PREDICATE);
            default -> throw mismatch(operand, Type.PRED);
        };
    }

    int guard(Operand.Register predicate) {
        return slots.register(predicate);
    }

    /** A slot for a value within the instruction at hand. */
    int temporary(Bank bank) {
        return slots.temporary(bank);
    }

    /** Adds a step in front of the instruction at hand. */
    void first(Op op) {
        before.add(op);
    }

    /** Bytes of the register that an operand names; 4 where it names none. */
    static int registerBytes(Operand operand) {
        return operand instanceof Operand.Register r ? r.type().bytes() : Integer.BYTES;
    }

    /** Whether an operand is a register of 32 bits or less that is not a float's. */
    static boolean isInt(Operand operand) {
        return operand instanceof Operand.Register r && Bank.of(r.type()) == Bank.INT;
    }

    /** A variable's address within its space. */
    long address(Variable variable) {
        return switch (variable.space()) {
            case GLOBAL, CONST -> variablesAddress + variable.offset();
            default -> variable.offset();
        };
    }

    /** What an address in a space becomes as a generic address. */
    static long window(Space space) {
        return switch (space) {
            case SHARED -> Access.SHARED_WINDOW;
            case LOCAL -> Access.LOCAL_WINDOW;
            case PARAM -> Access.PARAM_WINDOW;
            default -> 0;
        };
    }

    private int special(Operand.Special operand) {
        Special special = SPECIALS.get(operand.name());
        if (special != null) {
            return special.ordinal();
        }
        int d = slots.temporary(Bank.INT);
        switch (operand.name()) {
            case "%clock", "%clock_lo" -> before.add(Results.ints(d, Moves::clock));
            default ->
                throw new PtxException(line, "the emulator does not know the register or name '" + operand + "'");
        }
        return d;
    }

    private int carryToInt(int a, Bank from) {
        int d = slots.temporary(Bank.INT);
        before.add(
                from == Bank.FLOAT
                        ? Results.ints(d, (w, out) -> Moves.floatBits(out, w.f[a]))
                        : Results.ints(d, (w, out) -> Moves.low(out, w.l[a])));
        return d;
    }

    private int widened(int a) {
        int d = slots.temporary(Bank.LONG);
        before.add(Results.longs(d, (w, out) -> Moves.widen(out, w.i[a])));
        return d;
    }

    private static long truncate(long value, Type type) {
        return switch (type.bytes()) {
            case 1 -> value & 0xff;
            case 2 -> value & 0xffff;
            default -> value;
        };
    }

    private PtxException mismatch(Operand operand, Type type) {
        return new PtxException(line, "'" + operand + "' cannot be used as ." + type + " here");
    }
}
