package dev.clusca.backend.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The options of {@code cuModuleLoadDataEx} that ask its PTX compiler for what it has to say, and native memory for the answer. */
final class JitLog {
    /** Bytes of the log that are kept: the first errors tell most. */
    private static final int CAPACITY = 16 << 10;

    private static final int[] OPTIONS = {Cuda.CU_JIT_ERROR_LOG_BUFFER(), Cuda.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES()};

    private final MemorySegment text;
    private final MemorySegment values;

    JitLog(Arena arena) {
        text = arena.allocate(CAPACITY);
        values = arena.allocate(JAVA_LONG, OPTIONS.length);
        values.setAtIndex(JAVA_LONG, 0, text.address());
        values.setAtIndex(JAVA_LONG, 1, CAPACITY - 1);
    }

    /** The options' numbers, each a {@code CUjit_option}. */
    static int[] options() {
        return OPTIONS.clone();
    }

    /** The options' values, one of pointer size each. */
    MemorySegment values() {
        return values;
    }

    /** What the compiler said, or nothing. */
    String message() {
        String said = text.getString(0).strip();
        return said.isEmpty() ? "" : "The compiler says:\n" + said;
    }
}
