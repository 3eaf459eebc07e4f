package dev.clusca.bindings.standin;

/**
 * A CUDA driver written in Java: one method for each driver call that the stand-in forwards, in groups.
 *
 * <p>The methods bear the names of {@code cuda.h} and take its parameters in order, every pointer and handle as a {@code long}; {@link
 * HostMemory} reads and writes what pointers of the calling program point at. A method that returns means CUDA_SUCCESS; every other result,
 * "not ready" too, is thrown and turned into its code by {@link Failures}. Any thread may call, those that Java does not know included, one at
 * a time.
 */
public record DriverCalls(
        DeviceCalls device,
        ContextCalls context,
        ModuleCalls module,
        MemoryCalls memory,
        TransferCalls transfer,
        StreamCalls stream,
        EventCalls event,
        LaunchCalls launch,
        GraphCalls graph,
        Failures failures) {
    /** Turns what a call threw into what it returns. */
    @FunctionalInterface
    public interface Failures {
        /**
         * The {@code CUresult} of a call that threw.
         *
         * @param call the call's name
         */
        int resultOf(String call, Throwable failure);
    }
}
