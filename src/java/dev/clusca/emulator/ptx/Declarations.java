package dev.clusca.emulator.ptx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads declarations of variables: {@code .shared .align 16 .b8 tile[4096];}, {@code .const .f32 table[2] = {0f3F800000, 0f40000000};}. */
final class Declarations {
    private static final long MAX_BYTES = 1 << 30;

    private final Tokens tokens;

    Declarations(Tokens tokens) {
        this.tokens = tokens;
    }

    /** The variables of one declaration up to its semicolon, at offset 0. */
    List<Variable> variables() {
        List<Variable> result = new ArrayList<>();
        Space space = space();
        int align = 0;
        Type type = null;
        while (tokens.peek().startsWith(".")) {
            if (tokens.take(".align")) {
                align = tokens.count();
            } else if (type == null) {
                type = type();
            } else {
                throw tokens.error(
                        "found " + tokens.quoted() + " after the type of a variable; a vector type is not supported");
            }
        }
        if (type == null || type.bytes() == 0) {
            throw tokens.error("a variable needs a type that memory can hold, such as .b8");
        }
        do {
            result.add(variable(space, type, align == 0 ? type.bytes() : align));
        } while (tokens.take(","));
        tokens.expect(";");
        return result;
    }

    /** A kernel's parameter, up to the comma or bracket that follows. */
    Variable parameter() {
        tokens.expect(".param");
        int align = 0;
        Type type = null;
        while (tokens.peek().startsWith(".")) {
            if (tokens.take(".align")) {
                align = tokens.count();
            } else if (tokens.take(".ptr")) {
                pointerAttributes();
            } else {
                type = type();
            }
        }
        if (type == null || type.bytes() == 0) {
            throw tokens.error("a parameter needs a type that memory can hold, such as .u64");
        }
        return variable(Space.PARAM, type, align == 0 ? type.bytes() : align);
    }

    /** {@code .global .align 16}: what a pointer points to, which the emulator checks by itself. */
    private void pointerAttributes() {
        while (tokens.peek().startsWith(".")) {
            if (tokens.next().equals(".align")) {
                tokens.count();
            }
        }
    }

    private Space space() {
        return switch (tokens.next()) {
            case ".global" -> Space.GLOBAL;
            case ".const" -> Space.CONST;
            case ".shared" -> Space.SHARED;
            case ".local" -> Space.LOCAL;
            default -> throw tokens.error("a variable lives in .global, .const, .shared or .local");
        };
    }

    Type type() {
        String word = tokens.next();
        Type type = word.startsWith(".") ? Type.of(word.substring(1)) : null;
        if (type == null) {
            throw tokens.error("found '" + word + "' where a type belongs");
        }
        return type;
    }

    private Variable variable(Space space, Type type, int align) {
        int line = tokens.line();
        String name = tokens.name();
        long elements = 1;
        boolean open = false;
        while (tokens.take("[")) {
            if (tokens.is("]")) {
                open = true;
                elements = 0;
            } else {
                elements *= tokens.count();
            }
            if (elements * type.bytes() > MAX_BYTES) {
                throw new PtxException(line, name + " is too large: at most " + MAX_BYTES + " bytes");
            }
            tokens.expect("]");
        }
        byte[] initial = null;
        if (tokens.take("=")) {
            List<Operand> values = values();
            elements = open ? values.size() : elements;
            initial = bytes(name, type, elements, values, line);
        }
        return new Variable(name, space, type, 0, elements * type.bytes(), align, initial, line);
    }

    private List<Operand> values() {
        List<Operand> values = new ArrayList<>();
        if (!tokens.take("{")) {
            values.add(value());
            return values;
        }
        do {
            values.add(value());
        } while (tokens.take(","));
        tokens.expect("}");
        return values;
    }

    private Operand value() {
        boolean negative = tokens.take("-");
        int line = tokens.line();
        if (!Numbers.isNumber(tokens.peek())) {
            throw tokens.error("found " + tokens.quoted()
                    + " where a number belongs; addresses in initial values are not supported");
        }
        return Numbers.parse(tokens.next(), negative, line);
    }

    private static byte @Nullable [] bytes(String name, Type type, long elements, List<Operand> values, int line) {
        if (values.size() > elements) {
            throw new PtxException(
                    line, name + " has " + elements + " elements and " + values.size() + " initial values");
        }
        ByteBuffer buffer = ByteBuffer.allocate((int) (elements * type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        for (Operand value : values) {
            long bits = bits(type, value);
            switch (type.bytes()) {
                case 1 -> buffer.put((byte) bits);
                case 2 -> buffer.putShort((short) bits);
                case 4 -> buffer.putInt((int) bits);
                default -> buffer.putLong(bits);
            }
        }
        return buffer.array();
    }

    private static long bits(Type type, Operand value) {
        return switch (value) {
            case Operand.Whole whole -> whole.value();
            case Operand.Real real when type == Type.F64 -> Double.doubleToRawLongBits(real.value());
            case Operand.Real real when real.isDouble() -> Float.floatToRawIntBits((float) real.value());
            case Operand.Real real -> real.bits();
            default -> throw new IllegalStateException("an initial value is a number");
        };
    }
}
