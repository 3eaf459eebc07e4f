package dev.clusca.backend.cuda;

import java.util.List;
import java.util.stream.Stream;

/**
 * A piece of device memory in use.
 *
 * @param purpose what it is for, for messages
 * @param bytes that were asked for
 * @param site the first frame outside the CUDA driver layer that asked
 */
public record Allocation(String purpose, long bytes, String site) {
    /** How the names of the classes begin that hand requests on: this layer's, and the backend's that stands on it. */
    private static final List<String> OWN = Stream.of("Cuda", "DeviceMemory", "Allocation")
            .map(name -> Allocation.class.getPackageName() + "." + name)
            .toList();

    private static final StackWalker STACK = StackWalker.getInstance();

    static Allocation here(String purpose, long bytes) {
        String site =
                STACK.walk(frames -> frames.filter(frame -> OWN.stream().noneMatch(frame.getClassName()::startsWith))
                        .findFirst()
                        .map(frame -> frame.toStackTraceElement().toString())
                        .orElse("an unknown caller"));
        return new Allocation(purpose, bytes, site);
    }

    @Override
    public String toString() {
        return purpose + ", " + bytes + " bytes, from " + site;
    }
}
