package dev.clusca.bindings.standin;

/** A null pointer where the calling program had to give an address. */
public final class NullAddressException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NullAddressException() {
        super("found a null pointer; expected the address of memory to read or write");
    }
}
