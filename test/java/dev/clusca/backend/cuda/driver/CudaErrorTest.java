package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.bindings.cuda.Cuda;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The table of result codes. */
class CudaErrorTest {
    @ParameterizedTest
    @EnumSource
    void hasTheNumberOfTheHeader(CudaError error) throws ReflectiveOperationException {
        assertThat((int) Cuda.class.getMethod(error.fullName()).invoke(null)).isEqualTo(error.code());
        assertThat(CudaError.of(error.code())).contains(error);
        assertThat(CudaError.named(error.fullName())).contains(error);
        assertThat(error.meaning()).isNotBlank().doesNotEndWith(".");
        assertThat(error.remedy()).isNotBlank().doesNotEndWith(".");
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                1, 2, 3, 100, 101, 200, 201, 209, 218, 222, 300, 301, 302, 303, 304, 400, 401, 500, 600, 700, 701, 702,
                716, 719, 800, 801, 803, 804, 900, 901, 902, 903, 904, 905, 906, 907, 908, 909, 999
            })
    void knowsTheCodesThatMatter(int code) {
        assertThat(CudaError.of(code)).isPresent();
    }

    @Test
    void aKernelsFaultIsStickyAndARefusedCallIsNot() {
        assertThat(CudaException.of("cuStreamSynchronize", 716).isSticky()).isTrue();
        assertThat(CudaException.of("cuMemAlloc", 2).isSticky()).isFalse();
        // What the driver's header says leaves the process in an inconsistent state, what hardware cannot correct, and
        // what the driver does not say.
        assertThat(Arrays.stream(CudaError.values()).filter(CudaError::isSticky).mapToInt(CudaError::code))
                .containsExactlyInAnyOrder(214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 999);
        assertThat(Arrays.stream(CudaError.values()).filter(CudaError::isSticky))
                .allMatch(error -> error.remedy().contains("restart the process")
                        || error.remedy().contains("reset the GPU")
                        || error == CudaError.LAUNCH_TIMEOUT);
    }
}
