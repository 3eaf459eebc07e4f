package dev.clusca.emulator.driver;

import org.jspecify.annotations.Nullable;

/** The device's primary context, which lives while somebody retains it. */
final class PrimaryContext {
    private final Driver driver;
    private @Nullable EmulatedContext context;
    private long handle;
    private int users;
    private int flags;

    PrimaryContext(Driver driver) {
        this.driver = driver;
    }

    /** Counts one user more and gives the handle. */
    long retain() {
        if (context == null) {
            EmulatedContext made = driver.createContext(flags);
            context = made;
            handle = driver.handles().add(made);
        }
        users++;
        return handle;
    }

    void release() {
        if (users == 0) {
            throw new DriverFailure(
                    Result.INVALID_CONTEXT, "the primary context was released more often than retained");
        }
        if (--users == 0) {
            end();
        }
    }

    /** Ends the context whoever uses it. */
    void reset() {
        end();
        users = 0;
    }

    boolean isActive() {
        return context != null;
    }

    int flags() {
        return flags;
    }

    void setFlags(int newFlags) {
        flags = newFlags;
        if (context != null) {
            context.setFlags(newFlags);
        }
    }

    private void end() {
        if (context != null) {
            driver.destroyContext(context);
            driver.handles().remove(handle);
            context = null;
        }
    }
}
