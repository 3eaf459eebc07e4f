package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.cublaslt.CublasLt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A {@code cublasLtMatmulPreference_t}: what an algorithm may presume. */
final class LtPreference implements AutoCloseable {
    private final LtFunctions functions;
    private final String purpose;
    private final MemorySegment preference;

    LtPreference(LtFunctions functions, LtShape shape, long workspaceBytes) {
        this.functions = functions;
        this.purpose = shape.toString();
        preference = LtHandle.created("cublasLtMatmulPreferenceCreate", purpose, functions::preferenceCreate);
        try (Arena arena = Arena.ofConfined()) {
            set(CublasLt.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES(), arena.allocateFrom(JAVA_LONG, workspaceBytes));
            // By default 256 is presumed of all. cuBLASLt's A are the weights, see LtMatmul; its C is D.
            align(arena, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES(), shape.alignWeight());
            align(arena, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES(), shape.alignA());
            align(arena, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES(), shape.alignOut());
            align(arena, CublasLt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES(), shape.alignOut());
        } catch (BlasException e) {
            close();
            throw e;
        }
    }

    private void align(Arena arena, int attribute, int bytes) {
        set(attribute, arena.allocateFrom(JAVA_INT, bytes));
    }

    private void set(int attribute, MemorySegment value) {
        BlasException.check(
                functions.preferenceSet(preference, attribute, value, value.byteSize()),
                "cublasLtMatmulPreferenceSetAttribute",
                purpose);
    }

    MemorySegment segment() {
        return preference;
    }

    @Override
    public void close() {
        functions.preferenceDestroy(preference);
    }
}
