package dev.clusca.bindings;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The gate to one native library: loads it on first use, checks by name that it has what is needed, and remembers the outcome.
 *
 * <p>No method but {@link #ensureAvailable} and those that need the open library throws because the library is missing. A gate that stayed
 * shut stays shut for the life of the process: a library that has been loaded cannot be unloaded. All methods may be called from any thread.
 */
public final class NativeLibrary {
    /** The system property that shuts every gate when it is {@code off}. */
    public static final String SWITCH = "clusca.natives";

    /** How a gate gets its library into the process. */
    @FunctionalInterface
    interface Opener {
        /**
         * Loads the library into the class loader of this package.
         *
         * @throws NativeUnavailableException with the reason and the remedy
         */
        Loaded open();
    }

    private sealed interface State {}

    private record Open(Loaded library, List<String> missingOptional) implements State {}

    private record Shut(NativeUnavailableException cause) implements State {}

    private final String name;
    private final Opener opener;
    private final Symbols symbols;
    private volatile @Nullable State state;

    NativeLibrary(String name, Opener opener, Symbols symbols) {
        this.name = name;
        this.opener = opener;
        this.symbols = symbols;
    }

    /** The name to show to people. */
    public String name() {
        return name;
    }

    /** Whether the library is loaded and has every symbol that is required; the first call tries to load it. */
    public boolean isAvailable() {
        return state() instanceof Open;
    }

    /** Why the library cannot be used, or nothing when it can. */
    public Optional<NativeUnavailableException> unavailabilityCause() {
        return state() instanceof Shut(NativeUnavailableException cause) ? Optional.of(cause) : Optional.empty();
    }

    /**
     * Returns when the library can be used.
     *
     * @throws NativeUnavailableException when it cannot, with the reason and the remedy
     */
    public void ensureAvailable() {
        open();
    }

    /**
     * The file that the library was loaded from.
     *
     * @throws NativeUnavailableException when the library cannot be used
     */
    public Path origin() {
        return open().library().file();
    }

    /**
     * Other files that were found and would have done as well: the one that was loaded is a newer version, or lies where the search looks first.
     *
     * @throws NativeUnavailableException when the library cannot be used
     */
    public List<Path> passedOver() {
        return open().library().passedOver();
    }

    /**
     * The optional symbols that this version of the library lacks.
     *
     * @throws NativeUnavailableException when the library cannot be used
     */
    public List<String> missingOptionalSymbols() {
        return open().missingOptional();
    }

    /** Whether the library can be used and has the symbol: to be asked before a generated class touches an optional function. */
    public boolean has(String symbol) {
        return isAvailable() && find(symbol).isPresent();
    }

    /**
     * A handle that calls a function of the library. Linking costs about 4 ms, so keep the handle in a holder class that is first touched
     * when it is needed.
     *
     * @throws NativeUnavailableException when the library cannot be used, or has no such function
     */
    public MethodHandle downcall(String symbol, FunctionDescriptor type, Linker.Option... options) {
        Open open = open();
        MemorySegment address = find(symbol)
                .orElseThrow(() -> missing(List.of(symbol), open.library().file()));
        return Linker.nativeLinker().downcallHandle(address, type, options);
    }

    private Open open() {
        return switch (state()) {
            case Open open -> open;
            // A new exception for each caller: the first one's stack trace would point at somebody else.
            case Shut(NativeUnavailableException cause) -> throw new NativeUnavailableException(name, cause);
        };
    }

    private State state() {
        State known = state;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            State decided = state;
            if (decided == null) {
                decided = attempt();
                state = decided;
            }
            return decided;
        }
    }

    private State attempt() {
        try {
            requireSwitchedOn();
            Platform.requireLinuxX64();
            Loaded library = opener.open();
            List<String> lacking = lacking(symbols.required());
            if (!lacking.isEmpty()) {
                throw missing(lacking, library.file());
            }
            return new Open(library, lacking(symbols.optional()));
        } catch (NativeUnavailableException e) {
            return new Shut(e);
        } catch (IllegalCallerException e) {
            return new Shut(new NativeUnavailableException(
                    "this JVM forbids native code (" + e.getMessage() + ")",
                    "native access for the class path",
                    "start java with --enable-native-access=ALL-UNNAMED",
                    e));
        }
    }

    private static void requireSwitchedOn() {
        if ("off".equals(System.getProperty(SWITCH))) {
            throw new NativeUnavailableException(
                    "native libraries are switched off by -D" + SWITCH + "=off",
                    "the property unset",
                    "remove -D" + SWITCH + "=off",
                    null);
        }
    }

    private static List<String> lacking(List<String> names) {
        return names.stream().filter(symbol -> find(symbol).isEmpty()).toList();
    }

    /** Sees what this class loader loaded, as the generated classes do. */
    private static Optional<MemorySegment> find(String symbol) {
        return SymbolLookup.loaderLookup().find(symbol);
    }

    private NativeUnavailableException missing(List<String> names, Path origin) {
        return new NativeUnavailableException(
                origin + " has no function " + String.join(", ", names),
                "a version of " + name + " that has " + (names.size() == 1 ? "it" : "them"),
                "install " + symbols.needs(),
                null);
    }
}
