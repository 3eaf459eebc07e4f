package dev.clusca.checkpoint;

import java.util.Objects;

/** A checkpoint or its configuration cannot be used. The message names the file, what was found, what was expected, and what to do. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST_QUOTE = 120;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Text from a file as a message may show it: in quotes, on one line, shortened. */
    static String quote(String text) {
        StringBuilder out = new StringBuilder("'");
        for (int i = 0; i < Math.min(text.length(), LONGEST_QUOTE); i++) {
            char c = text.charAt(i);
            out.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
        }
        return out.append(text.length() > LONGEST_QUOTE ? "...'" : "'").toString();
    }

    /** Never null: every failure is told in words. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
