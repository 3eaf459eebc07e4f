package dev.clusca.backend;

/** A backend that runs here has no implementation of an operation yet. Nothing was enqueued, and the backend goes on. */
public final class OperationMissingException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** @param message what is missing, and what to use instead */
    public OperationMissingException(String message) {
        super(message);
    }
}
