package dev.clusca.backend.cuda;

/** Whether something with a handle is open still. Closing works once; using it afterwards is an error that says so. */
final class Resource {
    private final String name;

    /** Read at every launch, so no object of its own. */
    private volatile boolean open = true;

    /** @param name what it is, to begin a sentence */
    Resource(String name) {
        this.name = name;
    }

    /** Returns if it is open. */
    void require() {
        if (!open) {
            throw new IllegalStateException(
                    name + " was used after it was closed; keep it open for as long as it is in use");
        }
    }

    boolean isOpen() {
        return open;
    }

    /** Marks it closed; true for the first caller, who must free what it holds. */
    synchronized boolean close() {
        boolean first = open;
        open = false;
        return first;
    }

    @Override
    public String toString() {
        return name;
    }
}
