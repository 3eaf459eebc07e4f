package dev.clusca.bindings.standin;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The C functions that call Java: every one arrives with its arguments, and none lets an exception out, which would end the JVM. */
class UpcallsTest {
    private static final int CODE = 77;

    private final List<String> seen = new ArrayList<>();
    private Runnable during = () -> {};
    private DriverCalls.Failures failures = (call, failure) -> CODE;
    private final DriverCalls driver = new DriverCalls(
            recorder(DeviceCalls.class),
            recorder(ContextCalls.class),
            recorder(ModuleCalls.class),
            recorder(MemoryCalls.class),
            recorder(TransferCalls.class),
            recorder(StreamCalls.class),
            recorder(EventCalls.class),
            recorder(LaunchCalls.class),
            recorder(GraphCalls.class),
            (call, failure) -> failures.resultOf(call, failure));
    private final MemorySegment resolver = Upcalls.resolver(driver);

    private <T> T recorder(Class<T> group) {
        return group.cast(Proxy.newProxyInstance(
                group.getClassLoader(), new Class<?>[] {group}, (_, method, arguments) -> {
                    seen.add(method.getName() + Arrays.toString(arguments == null ? new Object[0] : arguments));
                    during.run();
                    return null;
                }));
    }

    private MemorySegment function(String name) throws Throwable {
        MethodHandle resolve =
                Linker.nativeLinker().downcallHandle(resolver, FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        try (Arena arena = Arena.ofConfined()) {
            return MemorySegment.ofAddress(
                    (long) resolve.invokeExact(arena.allocateFrom(name).address()));
        }
    }

    /** Calls with the arguments 1, 2, 3... */
    private int call(Upcalls.Call call) throws Throwable {
        Object[] arguments = new Object[call.kinds().length()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = call.kinds().charAt(i) == 'L' ? (Object) (i + 1L) : (Object) (i + 1);
        }
        return (int) Linker.nativeLinker()
                .downcallHandle(function(call.name()), call.descriptor())
                .invokeWithArguments(arguments);
    }

    @Test
    void everyCallArrivesWithItsArguments() throws Throwable {
        for (Upcalls.Call call : Upcalls.listed()) {
            seen.clear();
            assertThat(call(call)).as(call.name()).isZero();
            List<Integer> numbers =
                    Stream.iterate(1, i -> i + 1).limit(call.kinds().length()).toList();
            assertThat(seen).containsExactly(call.name() + numbers);
        }
    }

    @Test
    void everyMethodOfAGroupIsListed() {
        List<String> methods = Stream.of(DriverCalls.class.getRecordComponents())
                .map(component -> component.getType())
                .filter(type -> type != DriverCalls.Failures.class)
                .flatMap(type -> Arrays.stream(type.getMethods()))
                .map(Method::getName)
                .toList();
        assertThat(Upcalls.listed()).extracting(Upcalls.Call::name).containsExactlyInAnyOrderElementsOf(methods);
    }

    @Test
    void whatACallThrowsBecomesItsResult() throws Throwable {
        Upcalls.Call init = Upcalls.listed().getFirst();
        for (Throwable thrown :
                List.of(new IllegalStateException(), new StackOverflowError(), new OutOfMemoryError())) {
            during = () -> sneak(thrown);
            assertThat(call(init)).isEqualTo(CODE);
        }
        during = () -> {};
        assertThat(call(init)).isZero();
    }

    @Test
    void aFailureWithoutAResultIsUnknown() throws Throwable {
        during = () -> sneak(new IllegalStateException());
        failures = (_, _) -> {
            throw new AssertionError();
        };
        assertThat(call(Upcalls.listed().getFirst())).isEqualTo(999);
    }

    @Test
    void aCallThatIsNotListedHasNoFunction() throws Throwable {
        assertThat(function("cuNoSuchCall")).isEqualTo(MemorySegment.NULL);
    }

    @Test
    void aFunctionIsMadeOnce() throws Throwable {
        assertThat(function("cuInit")).isEqualTo(function("cuInit")).isNotEqualTo(MemorySegment.NULL);
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
