package dev.clusca.emulator.ptx;

/**
 * PTX text as a stream of words, one token of look-ahead. A word is a run of letters, digits and {@code _ $ % .}, with {@code ::} inside it
 * ({@code ld.global.L2::128B}, {@code %tid.x}, {@code 0f3F800000}); everything else is a single character. Comments and white space are skipped.
 */
final class Tokens {
    /** What {@link #peek} gives after the last token. */
    static final String END = "";

    private final String text;
    private int at;
    private int atLine = 1;

    private String token = END;
    private int line = 1;

    Tokens(String text) {
        this.text = text;
        advance();
    }

    /** The token at hand, {@link #END} at the end. A string keeps its opening quote. */
    String peek() {
        return token;
    }

    /** Line of the token at hand. */
    int line() {
        return line;
    }

    boolean is(String expected) {
        return token.equals(expected);
    }

    String next() {
        if (token.equals(END)) {
            throw error("the text ends in the middle of something");
        }
        String result = token;
        advance();
        return result;
    }

    /** Takes the token at hand if it is the one expected. */
    boolean take(String expected) {
        if (!is(expected)) {
            return false;
        }
        advance();
        return true;
    }

    void expect(String expected) {
        if (!take(expected)) {
            throw error("found " + quoted() + " where '" + expected + "' belongs");
        }
    }

    /** A name: of a kernel, a variable, a register or a label. */
    String name() {
        if (token.equals(END)
                || !isWord(token.charAt(0))
                || Character.isDigit(token.charAt(0))
                || token.charAt(0) == '.') {
            throw error("found " + quoted() + " where a name belongs");
        }
        return next();
    }

    /** A whole number that fits an int and is not negative: a size, a count, an alignment. */
    int count() {
        int where = line;
        String word = next();
        long value = Numbers.whole(word, where);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new PtxException(where, "the number " + word + " is out of range here: 0 to " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    /** Skips what is left of a line, as after {@code .loc}. */
    void skipLine(int which) {
        while (line == which && !token.equals(END)) {
            advance();
        }
    }

    PtxException error(String message) {
        return new PtxException(line, message);
    }

    String quoted() {
        String shown = token.length() > 60 ? token.substring(0, 60) + "..." : token;
        return token.equals(END) ? "the end of the text" : "'" + shown + "'";
    }

    private void advance() {
        skipBlanks();
        line = atLine;
        if (at == text.length()) {
            token = END;
            return;
        }
        int start = at;
        char first = text.charAt(at);
        if (first == '"') {
            string();
        } else if (isWord(first)) {
            word();
        } else {
            at++;
        }
        token = text.substring(start, at);
    }

    private void word() {
        while (at < text.length()) {
            if (isWord(text.charAt(at))) {
                at++;
            } else if (text.startsWith("::", at)) {
                at += 2;
            } else {
                return;
            }
        }
    }

    private void string() {
        int end = text.indexOf('"', at + 1);
        int newline = text.indexOf('\n', at);
        if (end < 0 || newline >= 0 && newline < end) {
            throw new PtxException(atLine, "a string has no closing quote");
        }
        at = end + 1;
    }

    private void skipBlanks() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                atLine++;
                at++;
            } else if (c <= ' ') {
                at++;
            } else if (text.startsWith("//", at)) {
                int newline = text.indexOf('\n', at);
                at = newline < 0 ? text.length() : newline;
            } else if (text.startsWith("/*", at)) {
                comment();
            } else {
                return;
            }
        }
    }

    private void comment() {
        int end = text.indexOf("*/", at + 2);
        if (end < 0) {
            throw new PtxException(atLine, "a comment has no end");
        }
        for (; at < end + 2; at++) {
            if (text.charAt(at) == '\n') {
                atLine++;
            }
        }
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '_'
                || c == '$'
                || c == '%'
                || c == '.';
    }
}
