package dev.clusca.bindings.blas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.bindings.CublasLtLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The vendor's own library, where it is installed; a machine without a GPU answers these calls too. */
class InstalledCublasLtTest {
    private final LtShape shape =
            LtShape.at(512, 3456, 1152, LtType.BF16, LtType.BF16, LtEpilogue.GELU_BIAS, 0x1000, 0x2000, 0x3000);

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(
                CublasLtLibrary.gate().isAvailable(),
                () -> CublasLtLibrary.gate()
                        .unavailabilityCause()
                        .map(NativeUnavailableException::getMessage)
                        .orElse(""));
    }

    @Test
    void tellsItsVersion() {
        assertThat(LtHandle.version()).matches("1[23]\\.\\d+\\.\\d+");
        assertThat(CublasLtLibrary.gate().origin().toString())
                .endsWith(".so." + LtHandle.version().substring(0, 2));
    }

    /** Every attribute and each size of a value is one that the library takes. */
    @Test
    void takesOurDescriptions() {
        LtFunctions functions = new LtFunctions(CublasLtLibrary.gate().origin());
        for (LtEpilogue epilogue : LtEpilogue.values()) {
            LtShape each = LtShape.at(33, 31, 97, LtType.F32, LtType.F32, epilogue, 0x1004, 0x2000, 0x3008);
            try (LtDescription description = new LtDescription(functions, each);
                    LtPreference preference = new LtPreference(functions, each, 32 << 20);
                    LtLayout layout = new LtLayout(functions, LtType.BF16, 97, 33, "a test")) {
                description.bias(0x4000);
                assertThat(description.segment().address()).isNotZero();
                assertThat(preference.segment().address()).isNotZero();
                assertThat(layout.segment().address()).isNotZero();
            }
        }
    }

    /** Without a GPU a handle is refused in words; with one, an algorithm is found for a product of the model's. */
    @Test
    void findsAnAlgorithmOrSaysThatThereIsNoGpu() {
        try (LtHandle handle = LtHandle.open();
                LtMatmul product = new LtMatmul(handle, shape, 0x4000, 32 << 20)) {
            assertThat(product.workspaceBytes()).isBetween(0L, 32L << 20);
        } catch (BlasException e) {
            assertThat(e).hasMessageContaining("check nvidia-smi");
        }
    }
}
