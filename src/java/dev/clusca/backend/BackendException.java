package dev.clusca.backend;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A backend cannot do what was asked: it is missing, out of memory, or its work failed. The message says what to do. */
public class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BackendException(String message) {
        super(message);
    }

    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** The same failure for a later call that meets it: a new exception, whose stack trace tells which call that was. */
    public BackendException again() {
        return new BackendException(getMessage(), getCause());
    }

    /** Never null: every failure is told in words. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
