package dev.clusca.backend.cuda;

import java.util.concurrent.atomic.AtomicBoolean;

/** Whether something with a handle is open still. Closing works once; using it afterwards is an error that says so. */
final class Resource {
    private final String name;
    private final AtomicBoolean open = new AtomicBoolean(true);

    /** @param name what it is, to begin a sentence */
    Resource(String name) {
        this.name = name;
    }

    /** Returns if it is open. */
    void require() {
        if (!open.get()) {
            throw new IllegalStateException(
                    name + " was used after it was closed; keep it open for as long as it is in use");
        }
    }

    boolean isOpen() {
        return open.get();
    }

    /** Marks it closed; true for the first caller, who must free what it holds. */
    boolean close() {
        return open.compareAndSet(true, false);
    }

    @Override
    public String toString() {
        return name;
    }
}
