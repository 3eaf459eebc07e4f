package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How parameters are laid out. */
class KernelParameterTest {
    @Test
    void liesWhereCPutsThem() {
        List<KernelParameter> parameters = KernelParameter.layout(
                "k", List.of("s32 n", "const bf16* x", "f32 a", "u64 seed", "u32 m", "tensormap map", "f32 b"));
        assertThat(parameters).extracting(KernelParameter::offset).containsExactly(0, 8, 16, 24, 32, 128, 256);
        assertThat(parameters).extracting(KernelParameter::size).containsExactly(4, 8, 4, 8, 4, 128, 4);
        assertThat(parameters.get(1).elements()).contains(DType.BF16);
        assertThat(parameters.get(1)).hasToString("const bf16* x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "int n", "f32", "f32 ", "f64 a", ""})
    void whatDeclaresNoParameterIsNamed(String declared) {
        assertThatThrownBy(() -> KernelParameter.layout("k", List.of(declared)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "kernel k: \"" + declared + "\" declares no parameter; expected a kind and a name");
    }
}
