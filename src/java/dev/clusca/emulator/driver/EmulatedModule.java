package dev.clusca.emulator.driver;

import dev.clusca.emulator.Emulator;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.ptx.Variable;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** A module that was loaded: its functions, each with its handle. */
final class EmulatedModule {
    private final Ptx ptx;
    private final Emulator emulator;
    private final Map<String, Long> functions = new LinkedHashMap<>();

    private EmulatedModule(Ptx ptx, Emulator emulator) {
        this.ptx = ptx;
        this.emulator = emulator;
    }

    /**
     * Loads a module and gives its handle.
     *
     * @throws dev.clusca.emulator.ptx.PtxException when it holds an instruction that the emulator does not know
     */
    static long load(Driver driver, Ptx ptx) {
        EmulatedModule module = new EmulatedModule(ptx, driver.emulator());
        try {
            driver.emulator().load(ptx);
        } catch (RuntimeException e) {
            module.close();
            throw e;
        }
        long handle = driver.handles().add(module);
        ptx.entries()
                .values()
                .forEach(entry -> module.functions.put(
                        entry.name(), driver.handles().add(new EmulatedFunction(driver, handle, ptx, entry))));
        return handle;
    }

    /** The handle of a function. */
    long function(String name) {
        Long handle = functions.get(name);
        if (handle == null) {
            throw new DriverFailure(
                    Result.NOT_FOUND,
                    "the module has no function " + name + "; it has " + String.join(", ", functions.keySet()));
        }
        return handle;
    }

    Collection<Long> functionHandles() {
        return functions.values();
    }

    /** A variable that the program may ask for by name: global or constant memory. */
    Variable variable(String name) {
        return ptx.variables().stream()
                .filter(variable -> variable.name().equals(name))
                .filter(variable -> variable.space() == Space.GLOBAL || variable.space() == Space.CONST)
                .findFirst()
                .orElseThrow(() -> new DriverFailure(Result.NOT_FOUND, "the module has no global variable " + name));
    }

    long addressOf(Variable variable) {
        return emulator.variable(ptx, variable.name());
    }

    /** Gives the memory of its variables back. */
    void close() {
        emulator.unload(ptx);
    }
}
