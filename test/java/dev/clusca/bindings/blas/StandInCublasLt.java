package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@code cublaslt.c}, compiled for a test and loaded for it alone: a cuBLASLt that computes in host memory and tells what it saw. */
public final class StandInCublasLt implements AutoCloseable {
    private static final String SOURCE = "/dev/clusca/bindings/cublaslt.c";

    private final Arena arena = Arena.ofShared();
    private final Path file;
    private final SymbolLookup functions;

    /** Compiles it into the folder, which must be new: a library that was loaded stays as it was. */
    public StandInCublasLt(Path folder) throws IOException {
        file = compile(folder, "libcublasLt.so.13");
        functions = SymbolLookup.libraryLookup(file, arena);
    }

    /** Compiles it, with flags such as {@code -DNAME=OTHER}. */
    public static Path compile(Path folder, String fileName, String... flags) throws IOException {
        Path source = folder.resolve("cublaslt.c");
        try (InputStream in = StandInCublasLt.class.getResourceAsStream(SOURCE)) {
            Files.write(source, in.readAllBytes());
        }
        Path library = folder.resolve(fileName);
        List<String> command = new ArrayList<>(List.of("gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC"));
        command.addAll(Arrays.asList(flags));
        command.addAll(List.of("-o", library.toString(), source.toString(), "-lm"));
        ChildProcess.Result gcc = ChildProcess.start(folder, Map.of(), command).await();
        assertThat(gcc.exit()).as(gcc.output()).isZero();
        return library;
    }

    /** The library. */
    public Path file() {
        return file;
    }

    /** How often an algorithm was searched. */
    public long heuristics() {
        return number("standin_heuristics");
    }

    /** How many products were computed. */
    public long products() {
        return number("standin_products");
    }

    /** Objects that were made and not destroyed. */
    public long alive() {
        return number("standin_alive");
    }

    /** The stream of the last product. */
    public long stream() {
        return number("standin_stream");
    }

    /** The workspace of the last product. */
    public long workspace() {
        return number("standin_workspace");
    }

    /** From now on a function returns this status; {@code none} finds no algorithm. */
    public void fail(String function, int status) {
        try (Arena once = Arena.ofConfined()) {
            Linker.nativeLinker()
                    .downcallHandle(functions.findOrThrow("standin_fail"), FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT))
                    .invoke(once.allocateFrom(function), status);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private long number(String function) {
        try {
            return (long) Linker.nativeLinker()
                    .downcallHandle(functions.findOrThrow(function), FunctionDescriptor.of(JAVA_LONG))
                    .invoke();
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
