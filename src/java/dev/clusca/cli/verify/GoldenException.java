package dev.clusca.cli.verify;

/** Golden data cannot be used; the message names the file, what was found and what was expected. */
final class GoldenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GoldenException(String message) {
        super(message);
    }
}
