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
        assertThat(KernelParameter.layout("k", List.of("s32 n", "u64[3] struct", "s32 m", "u64[1] one")))
                .extracting(KernelParameter::offset)
                .containsExactly(0, 8, 32, 40);
        assertThat(parameters.get(1).elements()).contains(DType.BF16);
        assertThat(parameters.get(1)).hasToString("const bf16* x");
    }

    @Test
    void aStructIsGivenNoMoreWordsThanItHas() {
        KernelArguments arguments = new KernelArguments("k", KernelParameter.layout("k", List.of("u64[2] s", "s32 n")));
        arguments.begin().words(1).int32(3).complete();
        arguments.begin().words(1, 2).int32(3).complete();
        assertThatThrownBy(() -> arguments.begin().words(1, 2, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("kernel k was given a struct of 3 words; expected u64[2] s, parameter 0");
        assertThatThrownBy(() -> arguments.begin().words(1).words(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected s32 n, parameter 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "int n", "f32", "f32 ", "f64 a", "u64[] a", "u64[0] a", "u64[99999] a", ""})
    void whatDeclaresNoParameterIsNamed(String declared) {
        assertThatThrownBy(() -> KernelParameter.layout("k", List.of(declared)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "kernel k: \"" + declared + "\" declares no parameter; expected a kind and a name");
    }
}
