package dev.clusca.measure;

/** A file is not a result that can be used. The message names the file and the place in it, what was found, and what was expected. */
public final class ResultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ResultException(String message) {
        super(message);
    }
}
