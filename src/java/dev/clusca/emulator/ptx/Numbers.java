package dev.clusca.emulator.ptx;

/** PTX number literals: {@code 12}, {@code 0xFFu}, {@code 0b101}, {@code 0f3F800000}, {@code 0d3FF0000000000000}, {@code 1.5}. */
final class Numbers {
    private Numbers() {}

    static boolean isNumber(String token) {
        return !token.isEmpty() && Character.isDigit(token.charAt(0));
    }

    static Operand parse(String token, boolean negative, int line) {
        if (token.length() == 10 && (token.startsWith("0f") || token.startsWith("0F"))) {
            int bits = (int) hex(token, line);
            return new Operand.Real(negative ? bits ^ Integer.MIN_VALUE : bits, false);
        }
        if (token.length() == 18 && (token.startsWith("0d") || token.startsWith("0D"))) {
            long bits = hex(token, line);
            return new Operand.Real(negative ? bits ^ Long.MIN_VALUE : bits, true);
        }
        if (token.indexOf('.') >= 0) {
            try {
                double value = Double.parseDouble(token);
                return new Operand.Real(Double.doubleToRawLongBits(negative ? -value : value), true);
            } catch (NumberFormatException e) {
                throw malformed(token, line);
            }
        }
        long value = whole(token, line);
        return new Operand.Whole(negative ? -value : value);
    }

    /** A whole number; unsigned 64-bit values wrap. */
    static long whole(String token, int line) {
        String digits = token.endsWith("U") || token.endsWith("u") ? token.substring(0, token.length() - 1) : token;
        try {
            if (digits.startsWith("0x") || digits.startsWith("0X")) {
                return Long.parseUnsignedLong(digits, 2, digits.length(), 16);
            }
            if (digits.startsWith("0b") || digits.startsWith("0B")) {
                return Long.parseUnsignedLong(digits, 2, digits.length(), 2);
            }
            if (digits.length() > 1 && digits.startsWith("0")) {
                return Long.parseUnsignedLong(digits, 8);
            }
            return Long.parseUnsignedLong(digits);
        } catch (NumberFormatException e) {
            throw malformed(token, line);
        }
    }

    private static long hex(String token, int line) {
        try {
            return Long.parseUnsignedLong(token, 2, token.length(), 16);
        } catch (NumberFormatException e) {
            throw malformed(token, line);
        }
    }

    private static PtxException malformed(String token, int line) {
        String shown = token.length() > 60 ? token.substring(0, 60) + "..." : token;
        return new PtxException(line, "'" + shown + "' is not a number");
    }
}
