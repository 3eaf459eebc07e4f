package dev.clusca.emulator.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an instruction works on, after names have been resolved. */
public sealed interface Operand {
    /** A virtual register; {@code index} is unique within its entry, whatever the scope. */
    record Register(int index, String name, Type type) implements Operand {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A register that the hardware fills, such as {@code %tid.x}. */
    record Special(String name) implements Operand {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A whole number; {@code 0x80000000U} and {@code -1} alike. */
    record Whole(long value) implements Operand {
        @Override
        public String toString() {
            return Long.toString(value);
        }
    }

    /** A floating-point number with its bits: 32 of them for {@code 0f...}, 64 for {@code 0d...} and decimals. */
    record Real(long bits, boolean isDouble) implements Operand {
        public double value() {
            return isDouble ? Double.longBitsToDouble(bits) : Float.intBitsToFloat((int) bits);
        }

        @Override
        public String toString() {
            return Double.toString(value());
        }
    }

    /** A variable's or parameter's name, standing for its address. */
    record Symbol(Variable variable) implements Operand {
        @Override
        public String toString() {
            return variable.name();
        }
    }

    /** A branch target: the index of the instruction that follows the label. */
    record Target(String label, int instruction) implements Operand {
        @Override
        public String toString() {
            return label;
        }
    }

    /** {@code [base + offset]}; base is a register, a symbol, or null for an absolute address. */
    record Address(@Nullable Operand base, long offset) implements Operand {
        @Override
        public String toString() {
            return "[" + (base == null ? "" : base + "+") + offset + "]";
        }
    }

    /** {@code {a, b, c, d}}. */
    record Group(List<Operand> parts) implements Operand {
        public Group {
            parts = List.copyOf(parts);
        }

        @Override
        public String toString() {
            return parts.toString();
        }
    }

    /** {@code d|p}: a result and the predicate beside it. */
    record Pair(Operand first, Operand second) implements Operand {
        @Override
        public String toString() {
            return first + "|" + second;
        }
    }

    /** {@code !p}. */
    record Not(Operand operand) implements Operand {
        @Override
        public String toString() {
            return "!" + operand;
        }
    }

    /** {@code _}: a result that nobody wants. */
    record Sink() implements Operand {
        @Override
        public String toString() {
            return "_";
        }
    }
}
