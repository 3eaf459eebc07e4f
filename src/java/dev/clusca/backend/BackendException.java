package dev.clusca.backend;

/** A backend cannot do what was asked: it is missing, out of memory, or its work failed. The message says what to do. */
public class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BackendException(String message) {
        super(message);
    }

    public BackendException(String message, Throwable cause) {
        super(message, cause);
    }
}
