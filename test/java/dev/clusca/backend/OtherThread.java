package dev.clusca.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Another thread than the one that a backend is used by. */
public final class OtherThread {
    private OtherThread() {}

    /** Makes all calls there, and waits; what the refused ones said. */
    public static List<String> refusals(List<Runnable> calls) {
        return CompletableFuture.supplyAsync(() -> {
                    List<String> refused = new ArrayList<>();
                    for (Runnable call : calls) {
                        try {
                            call.run();
                        } catch (IllegalStateException e) {
                            refused.add(e.getMessage());
                        }
                    }
                    return refused;
                })
                .join();
    }
}
