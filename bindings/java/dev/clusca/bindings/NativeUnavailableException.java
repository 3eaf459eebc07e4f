package dev.clusca.bindings;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Says why a native library cannot be used: what was found, what was expected, and what to do about it. */
public final class NativeUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String found;
    private final String expected;
    private final String remedy;

    public NativeUnavailableException(String found, String expected, String remedy, @Nullable Throwable cause) {
        this("", found, expected, remedy, cause);
    }

    /** The same reason, seen from the library that it keeps from loading. */
    NativeUnavailableException(String library, NativeUnavailableException cause) {
        this(library + " is not available: ", cause.found, cause.expected, cause.remedy, cause);
    }

    private NativeUnavailableException(
            String prefix, String found, String expected, String remedy, @Nullable Throwable cause) {
        super(prefix + found + ". Expected: " + expected + ". Remedy: " + remedy + ".", cause);
        this.found = found;
        this.expected = expected;
        this.remedy = remedy;
    }

    /** What was found, as the beginning of a sentence, without a full stop. */
    public String found() {
        return found;
    }

    /** What was expected in its place. */
    public String expected() {
        return expected;
    }

    /** What a user can do. */
    public String remedy() {
        return remedy;
    }

    /** Never null: every failure is told in words. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
