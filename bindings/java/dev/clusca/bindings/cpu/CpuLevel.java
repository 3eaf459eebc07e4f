package dev.clusca.bindings.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.bindings.Calls;
import dev.clusca.bindings.CpuLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The levels of x86-64's instruction set that the kernels were compiled for. The fastest that the processor has is used unless another is selected. */
public enum CpuLevel {
    /** AVX2, FMA, BMI. */
    V3("v3", "AVX2"),
    /** AVX-512 F, BW, CD, DQ, VL. */
    V4("v4", "AVX-512"),
    /** The same with products of bfloat16 in vectors, which are fast on AMD's processors and slow on Intel's. */
    V4_BF16("v4_bf16", "AVX-512 BF16"),
    /** The same with products of bfloat16 in the tiles of Intel's AMX, where the operating system lets the process have them. */
    V4_AMX("v4_amx", "AVX-512 AMX");

    private static final int LONGEST_NAME = 16;

    private final String symbol;
    private final String instructions;

    CpuLevel(String symbol, String instructions) {
        this.symbol = symbol;
        this.instructions = instructions;
    }

    private static final class Level {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_level", FunctionDescriptor.of(ADDRESS));
    }

    private static final class Select {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_select", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    }

    private static final class SelectInThread {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_select_in_thread", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    }

    /** What people call its instructions: {@code AVX2}. */
    public String instructions() {
        return instructions;
    }

    /** The level that this thread uses, or nothing if the processor has none of them: then no kernel may be called. */
    public static Optional<CpuLevel> current() {
        String name;
        try {
            MemorySegment text = (MemorySegment) Level.HANDLE.invokeExact();
            name = text.reinterpret(LONGEST_NAME).getString(0);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
        return Arrays.stream(values())
                .filter(level -> level.symbol.equals(name))
                .findFirst();
    }

    /** The levels that this processor has, the lowest first. Leaves the choice as it was. */
    public static List<CpuLevel> available() {
        Optional<CpuLevel> chosen = current();
        List<CpuLevel> available =
                Arrays.stream(values()).filter(CpuLevel::select).toList();
        chosen.ifPresent(CpuLevel::select);
        return available;
    }

    /**
     * Uses this level from now on in every thread that has selected none of its own; for tests, while no kernel runs.
     *
     * @return whether the processor has it; if not, nothing changes
     */
    public boolean select() {
        return select(Select.HANDLE);
    }

    /**
     * Uses this level from now on for kernels that this thread calls.
     *
     * @return whether the processor has it; if not, nothing changes
     */
    public boolean selectInThread() {
        return select(SelectInThread.HANDLE);
    }

    private boolean select(MethodHandle function) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) function.invokeExact(arena.allocateFrom(symbol)) == 0;
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }
}
