package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.checkpoint.Json;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PeerTableTest {
    private static final String OURS = """
            {"schema": 1, "kind": "kernels", "results": [
              {"case": "gemm/f32/512x1152x4608/gelu_tanh/bias", "valid": true, "median_us": 30000.0, "min_us": 1.0},
              {"case": "attention/f32/2x256x1152/heads16/bell", "valid": true, "median_us": 5000, "min_us": 1.0},
              {"case": "layerNormModulate/f32/2x256x1152/bell", "valid": false, "median_us": 200.0, "min_us": 1.0},
              {"case": "kMeans/f32/2x256x1152/k16/max1/alone/bell", "valid": true, "median_us": 900.0, "min_us": 1.0},
              {"case": "gatherRows/f32/2x256x1152", "valid": true, "median_us": 10.0, "min_us": 1.0}]}
            """;

    private final PeerTable table = new PeerTable();

    @Test
    void joinsOperationsByTheirCase() {
        table.kernels(
                parse(OURS),
                List.of(
                        peer(
                                "linear",
                                "eager",
                                36000,
                                "{\"rows\":512,\"inputs\":1152,\"outputs\":4608,\"activation\":\"gelu_tanh\"}"),
                        peer(
                                "linear",
                                "compiled",
                                33000,
                                "{\"rows\":512,\"inputs\":1152,\"outputs\":4608,\"activation\":\"gelu_tanh\"}"),
                        peer(
                                "linear",
                                "eager",
                                20000,
                                "{\"rows\":512,\"inputs\":1152,\"outputs\":3456,\"activation\":\"none\"}"),
                        peer("attention", "eager", 4000, "{\"rows\":2,\"tokens\":256,\"width\":1152,\"heads\":16}"),
                        peer("layer_norm_modulate", "eager", 300, "{\"rows\":2,\"tokens\":256,\"width\":1152}"),
                        peer(
                                "kmeans",
                                "eager",
                                4500,
                                "{\"rows\":2,\"tokens\":256,\"width\":1152,\"clusters\":16,\"iterations\":1}")));
        assertThat(table.text()).isEqualTo("""
                | what | dtype | shape | clusca | pytorch 9.1, its best form | ratio |
                |---|---|---|---|---|---|
                | gemm | f32 | 512x1152x4608 gelu_tanh bias | 30.00 ms | 33.00 ms (compiled) | 1.10x |
                | attention | f32 | 2x256x1152 heads16 | 5.00 ms | 4.00 ms (eager) | 0.80x |
                | kMeans | f32 | 2x256x1152 k16 max1 | 900.0 µs | 4.50 ms (eager) | 5.00x |
                | gemm | f32 | 512x1152x3456 none bias | absent | 20.00 ms (eager) | – |
                | layerNormModulate | f32 | 2x256x1152 | absent | 300.0 µs (eager) | – |

                layerNormModulate/f32/2x256x1152/bell: clusca's own time is not valid, so there is no ratio
                1 further cases of clusca have no counterpart
                """);
    }

    @Test
    void withoutAPeerOursStandAlone() {
        table.kernels(parse(OURS), List.of());
        assertThat(table.text())
                .startsWith("| what | dtype | shape | clusca | pytorch, its best form | ratio |\n")
                .contains("| attention | f32 | 2x256x1152 heads16 | 5.00 ms | absent | – |\n")
                .contains("| gatherRows | f32 | 2x256x1152 | 10.0 µs | absent | – |\n");
    }

    @Test
    void aPeersOperationThatIsUnknownIsNamed() {
        assertThatThrownBy(() -> table.kernels(parse(OURS), List.of(peer("conv", "eager", 1, "{}"))))
                .hasMessageContaining("no counterpart of {peer=pytorch 9.1, what=conv");
    }

    @Test
    void takesTheBestOfARunsRoundsAndForms() {
        List<Map<String, Object>> record = List.of(
                parse(
                        "{\"run\":\"a\",\"side\":\"clusca\",\"policy\":\"full\",\"model\":\"dit-s/2\",\"dtype\":\"f32\",\"rows\":2,\"steps\":8,\"run_ms\":1,\"full\":{\"median_ms\":0.1}}"),
                ours("full", 8, 80, "\"full\":{\"median_ms\":10.0}"),
                ours("full", 8, 96, "\"full\":{\"median_ms\":12.0}"),
                ours("clusca:interval=5", 50, 125, "\"full\":{\"median_ms\":1.0},\"cached\":{\"median_ms\":2.0}"),
                theirs(
                        true,
                        "\"full\":{\"median_ms\":30.0},\"cached\":{\"median_ms\":7.0},\"full_compiled_hoisted\":{\"median_ms\":25.0}"),
                theirs(
                        false,
                        "\"full\":{\"median_ms\":31.0},\"cached_hoisted\":{\"median_ms\":6.0},\"full_compiled\":{\"median_ms\":26.0}"));
        table.models(record, null);
        assertThat(table.text()).isEqualTo("""
                | what | dtype | shape | clusca | pytorch 9.1, its best form | ratio |
                |---|---|---|---|---|---|
                | full step | f32 | dit-s/2, 2 rows | 10.00 ms | 25.00 ms (frozen, hoisted) | 2.50x |
                | cached step | f32 | dit-s/2, 2 rows | 2.00 ms | 6.00 ms (eager, hoisted) | 3.00x |
                | 50 steps, ClusCa | f32 | dit-s/2, 2 rows | 125.00 ms | 1.25 s (plain, frozen, hoisted) | 10.00x |

                dit-s/2, 2 rows, f32: 50 plain steps of clusca take 4.00x as long as its ClusCa run
                """);
        PeerTable alone = new PeerTable();
        alone.models(record, "a");
        assertThat(alone.text())
                .contains("| full step | f32 | dit-s/2, 2 rows | 100.0 µs | absent | – |")
                .contains("| cached step | f32 | dit-s/2, 2 rows | absent | absent | – |");
        PeerTable quick = new PeerTable();
        quick.models(List.of(ours("clusca:interval=5", 8, 20, "\"cached\":{\"median_ms\":2.0}")), null);
        assertThat(quick.text())
                .contains("| cached step | f32 | dit-s/2, 2 rows | 2.00 ms |")
                .doesNotContain("50 steps");
        assertThatThrownBy(() -> alone.models(record, "c")).hasMessage("the record has no run 'c'; it has [a, b]");
    }

    @Test
    void aDecoderHasNoSteps() {
        table.models(
                List.of(
                        decoder("clusca", "\"decode\":{\"median_ms\":500.0}"),
                        decoder("clusca", "\"decode\":{\"median_ms\":480.0}"),
                        decoder(
                                "pytorch --freeze",
                                "\"frozen\":true,\"decode\":{\"median_ms\":900.0},\"decode_compiled\":{\"median_ms\":600.0}"),
                        decoder(
                                "pytorch --compile",
                                "\"frozen\":false,\"decode\":{\"median_ms\":800.0},\"decode_compiled\":{\"median_ms\":720.0}")),
                null);
        assertThat(table.text()).isEqualTo("""
                | what | dtype | shape | clusca | pytorch 9.1, its best form | ratio |
                |---|---|---|---|---|---|
                | decoding | f32 | sd-vae/256, 1 row | 480.00 ms | 600.00 ms (frozen) | 1.25x |
                """);
    }

    private static Map<String, Object> decoder(String side, String more) {
        return parse(
                "{\"run\":\"c\",\"side\":\"%s\",\"model\":\"sd-vae/256\",\"dtype\":\"f32\",\"rows\":1,\"torch\":\"9.1+cpu\",%s}"
                        .formatted(side, more));
    }

    private static Map<String, Object> ours(String policy, int steps, double ms, String more) {
        return parse(
                "{\"run\":\"b\",\"side\":\"clusca\",\"model\":\"dit-s/2\",\"dtype\":\"f32\",\"rows\":2,\"policy\":\"%s\",\"steps\":%d,\"run_ms\":%s,%s}"
                        .formatted(policy, steps, ms, more));
    }

    private static Map<String, Object> theirs(boolean frozen, String more) {
        return parse(
                "{\"run\":\"b\",\"side\":\"pytorch --x\",\"model\":\"S/2\",\"dtype\":\"f32\",\"rows\":2,\"torch\":\"9.1+cpu\",\"frozen\":%s,%s}"
                        .formatted(frozen, more));
    }

    private static Map<String, Object> peer(String what, String form, double micros, String of) {
        return parse(
                "{\"peer\":\"pytorch 9.1\",\"what\":\"%s\",\"case\":%s,\"dtype\":\"f32\",\"form\":\"%s\",\"median_us\":%s}"
                        .formatted(what, of, form, micros));
    }

    private static Map<String, Object> parse(String json) {
        @Nullable Object value = Json.parse(json, "test");
        return PeerTable.object(Objects.requireNonNull(value));
    }
}
