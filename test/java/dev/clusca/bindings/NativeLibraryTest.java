package dev.clusca.bindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gate: open, shut, and shut because of a symbol. */
class NativeLibraryTest {
    private static final FunctionDescriptor INT = FunctionDescriptor.of(JAVA_INT);

    @TempDir
    Path folder;

    @Test
    void opensWhenAllRequiredSymbolsAreThere() throws Throwable {
        NativeLibrary gate = standIn("opens", List.of("standin_opens"), List.of("standin_newer"));
        assertThat(gate.isAvailable()).isTrue();
        assertThat(gate.unavailabilityCause()).isEmpty();
        assertThatNoException().isThrownBy(gate::ensureAvailable);
        assertThat(gate.origin()).hasFileName("libstandin_opens.so");
        assertThat(gate.missingOptionalSymbols()).containsExactly("standin_newer");
        assertThat(gate.has("standin_opens")).isTrue();
        assertThat(gate.has("standin_newer")).isFalse();
        assertThat((int) gate.downcall("standin_opens", INT).invokeExact()).isEqualTo(42);
    }

    @Test
    void namesTheFunctionThatIsLinkedAndMissing() throws IOException {
        NativeLibrary gate = standIn("lazy", List.of(), List.of());
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> gate.downcall("standin_elsewhere", INT))
                .withMessageContaining("libstandin_lazy.so has no function standin_elsewhere")
                .withMessageContaining("Remedy: install version 2 of the stand-in");
    }

    @Test
    void staysShutWhenARequiredSymbolIsMissing() throws IOException {
        NativeLibrary gate = standIn("shut", List.of("standin_shut", "standin_absent", "standin_gone"), List.of());
        assertThat(gate.isAvailable()).isFalse();
        assertThat(gate.has("standin_shut")).isFalse();
        assertThat(gate.unavailabilityCause())
                .hasValueSatisfying(cause -> assertThat(cause.found())
                        .endsWith("libstandin_shut.so has no function standin_absent, standin_gone"));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(gate::ensureAvailable)
                .withMessageStartingWith("the stand-in is not available: ")
                .withMessageEndingWith("Remedy: install version 2 of the stand-in.");
    }

    @Test
    void asksOnceHoweverManyThreadsAsk() throws InterruptedException {
        AtomicInteger attempts = new AtomicInteger();
        NativeLibrary gate = new NativeLibrary(
                "the stand-in",
                () -> {
                    attempts.incrementAndGet();
                    throw new NativeUnavailableException("nothing", "something", "none", null);
                },
                Symbols.unchecked("it"));
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            threads.add(Thread.ofVirtual().start(gate::isAvailable));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(gate.isAvailable()).isFalse();
        assertThat(attempts).hasValue(1);
        // The remembered cause is the same, while each refusal points at its own caller.
        assertThat(gate.unavailabilityCause().orElseThrow())
                .isSameAs(gate.unavailabilityCause().orElseThrow());
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(gate::ensureAvailable)
                .satisfies(e -> assertThat(e.getStackTrace()[0].getMethodName()).isEqualTo("open"))
                .havingCause()
                .isSameAs(gate.unavailabilityCause().orElseThrow());
    }

    @Test
    void theSwitchShutsEveryGate() throws IOException {
        NativeLibrary gate = standIn("switch", List.of(), List.of());
        System.setProperty(NativeLibrary.SWITCH, "off");
        try {
            assertThat(gate.unavailabilityCause().orElseThrow()).hasMessageContaining("-Dclusca.natives=off");
        } finally {
            System.clearProperty(NativeLibrary.SWITCH);
        }
    }

    private NativeLibrary standIn(String name, List<String> required, List<String> optional) throws IOException {
        Path library = StandIn.compile(folder, "libstandin_" + name + ".so", "standin_" + name);
        return new NativeLibrary(
                "the stand-in",
                () -> {
                    NativeLoader.load(library);
                    return Loaded.only(library);
                },
                new Symbols("version 2 of the stand-in", required, optional));
    }
}
