package dev.clusca.bindings.standin;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Makes the C functions that call a {@link DriverCalls}. They live as long as the process, as the library that holds them does. */
public final class Upcalls {
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final System.Logger LOG = System.getLogger(Upcalls.class.getName());
    private static final int CUDA_ERROR_UNKNOWN = 999;

    /** One line of {@code calls.txt}. */
    record Call(String group, String name, String kinds) {
        FunctionDescriptor descriptor() {
            return FunctionDescriptor.of(
                    JAVA_INT,
                    kinds.chars()
                            .mapToObj(kind -> kind == 'L' ? JAVA_LONG : JAVA_INT)
                            .toArray(MemoryLayout[]::new));
        }

        MethodType method() {
            return descriptor().toMethodType().changeReturnType(void.class);
        }
    }

    private final DriverCalls driver;
    private final Map<String, Call> calls =
            listed().stream().collect(Collectors.toUnmodifiableMap(Call::name, Function.identity()));
    private final Map<String, MemorySegment> made = new HashMap<>();
    private final ReentrantLock lock = new ReentrantLock();

    private Upcalls(DriverCalls driver) {
        this.driver = driver;
    }

    /**
     * The C function that the stand-in asks for the function behind a call, when that is made for the first time; it takes the name and
     * gives null for a call that there is not.
     */
    public static MemorySegment resolver(DriverCalls driver) {
        MethodHandle resolve = find(Upcalls.class, "resolve", MethodType.methodType(long.class, long.class));
        return Linker.nativeLinker()
                .upcallStub(
                        resolve.bindTo(new Upcalls(driver)),
                        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG),
                        Arena.global());
    }

    /** The address of the function behind the call whose name is at this address. */
    long resolve(long name) {
        lock.lock();
        try {
            return made.computeIfAbsent(HostMemory.getText(name), this::make).address();
        } catch (Throwable t) {
            // The program sees CUDA_ERROR_NOT_INITIALIZED, which says too little.
            LOG.log(System.Logger.Level.ERROR, "a driver call cannot be forwarded: " + t);
            return 0;
        } finally {
            lock.unlock();
        }
    }

    private MemorySegment make(String name) {
        Call call = calls.get(name);
        if (call == null) {
            throw new IllegalStateException(
                    "calls.txt does not list " + name + "; the library and the classes are of two builds");
        }
        return Linker.nativeLinker().upcallStub(guarded(handle(call), call), call.descriptor(), Arena.global());
    }

    /** The calls that the stand-in forwards. */
    static List<Call> listed() {
        try (InputStream in = Upcalls.class.getResourceAsStream("calls.txt")) {
            if (in == null) {
                throw new IllegalStateException(
                        "the clusca-bindings jar lacks calls.txt; expected the jar as built; build it again");
            }
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .map(words -> new Call(words[0], words[1], words[2].equals("-") ? "" : words[2]))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private MethodHandle handle(Call call) {
        return switch (call.group()) {
            case "device" -> handle(DeviceCalls.class, driver.device(), call);
            case "context" -> handle(ContextCalls.class, driver.context(), call);
            case "module" -> handle(ModuleCalls.class, driver.module(), call);
            case "memory" -> handle(MemoryCalls.class, driver.memory(), call);
            case "transfer" -> handle(TransferCalls.class, driver.transfer(), call);
            case "stream" -> handle(StreamCalls.class, driver.stream(), call);
            case "event" -> handle(EventCalls.class, driver.event(), call);
            case "launch" -> handle(LaunchCalls.class, driver.launch(), call);
            case "graph" -> handle(GraphCalls.class, driver.graph(), call);
            default ->
                throw new IllegalStateException(
                        "the list of calls names the group " + call.group() + ", which there is not");
        };
    }

    private static <T> MethodHandle handle(Class<T> group, T calls, Call call) {
        return find(group, call.name(), call.method()).bindTo(calls);
    }

    /**
     * One call at a time, returning 0 where the method returns and the failure's code where it throws: what leaves an upcall by a throw
     * ends the JVM.
     */
    private MethodHandle guarded(MethodHandle method, Call call) {
        MethodHandle succeeded = MethodHandles.filterReturnValue(method, MethodHandles.constant(int.class, 0));
        MethodHandle answered =
                MethodHandles.catchException(succeeded, Throwable.class, resultOf(call.name(), driver.failures()));
        MethodHandle unlocked = MethodHandles.tryFinally(answered, unlock(lock));
        return MethodHandles.foldArguments(unlocked, bound("lock", lock));
    }

    private static MethodHandle resultOf(String call, DriverCalls.Failures failures) {
        MethodHandle result = find(
                DriverCalls.Failures.class,
                "resultOf",
                MethodType.methodType(int.class, String.class, Throwable.class));
        MethodHandle unknown = MethodHandles.constant(int.class, CUDA_ERROR_UNKNOWN);
        return MethodHandles.catchException(
                MethodHandles.insertArguments(result.bindTo(failures), 0, call),
                Throwable.class,
                MethodHandles.dropArguments(unknown, 0, Throwable.class));
    }

    private static MethodHandle unlock(ReentrantLock lock) {
        MethodHandle returnResult = MethodHandles.identity(int.class);
        return MethodHandles.dropArguments(
                MethodHandles.foldArguments(returnResult, bound("unlock", lock)), 0, Throwable.class);
    }

    private static MethodHandle bound(String method, ReentrantLock lock) {
        return find(ReentrantLock.class, method, MethodType.methodType(void.class))
                .bindTo(lock);
    }

    private static MethodHandle find(Class<?> type, String name, MethodType method) {
        try {
            return LOOKUP.findVirtual(type, name, method);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.getSimpleName() + " and the list of calls disagree about " + name, e);
        }
    }
}
