package dev.clusca.bindings.standin;

import java.util.Optional;

/**
 * What can be the CUDA driver of this process in the place of a real one; found with {@link java.util.ServiceLoader}. Its constructor throws {@link
 * dev.clusca.bindings.NativeUnavailableException} where the user's switches mean nothing.
 */
public interface StandInDriver {
    /** Whether the user's switches ask for this driver. */
    boolean isWanted();

    /** The driver, ready to be called. */
    DriverCalls calls();

    /** In words, why the latest call of this thread that failed did so: more than its code can say. */
    Optional<String> lastFailure();
}
