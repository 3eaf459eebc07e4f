package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.Repository;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** @param printed the ratios of a run in their order, {@code -} where the README has a newer one */
    @ParameterizedTest
    @CsvSource({
        "intel-r-xeon-r-processor-emerald-rapids-2-threads-avx-512-amx, 2026-11-30T13:32:46Z, - - - - - - 1.19x 1.06x 4.0x 1.42x 1.67x 3.1x",
        "intel-r-xeon-r-processor-emerald-rapids-2-threads-avx-512-amx, 2026-11-30T14:13:18Z, 1.40x 1.77x 3.0x 0.87x 1.35x 1.5x",
        "intel-r-xeon-r-processor-emerald-rapids-2-threads-avx-512-amx, 2026-11-30T15:02:36Z, 0.93x 1.69x 2.86x",
        "intel-r-xeon-r-processor-emerald-rapids-2-threads-avx-512-amx, 2026-11-30T14:28:28Z, 0.68x 2.01x 2.7x",
        "amd-epyc-zen-3-2-threads-avx2, 2026-11-29T08:26:33Z, 6.7x 6.4x 26x",
        "amd-epyc-zen-3-2-threads-avx2, 2026-11-29T07:13:32Z, - - - - - - 7.2x 6.4x 24x",
        "amd-epyc-zen-3-2-threads-avx2, 2026-11-30T08:41:57Z, 1.03x 1.98x 3.8x 1.12x 1.45x 3.3x 1.01x 2.23x 4.1x"
    })
    void theRecordGivesTheReadmesRatios(String machine, String run, String printed) throws IOException {
        try (Stream<String> lines = Files.lines(Repository.path("bench", "history", machine + "-own-products.jsonl"))) {
            table.models(lines.map(PeerTableTest::parse).toList(), run);
        }
        Matcher ratios = Pattern.compile("([0-9.]+)x \\|\n").matcher(table.text());
        String readme = Files.readString(Repository.path("README.md"));
        for (String ratio : printed.split(" ")) {
            assertThat(ratios.find()).as(table.text()).isTrue();
            if (ratio.equals("-")) {
                continue;
            }
            int decimals = ratio.contains(".") ? ratio.length() - ratio.indexOf('.') - 2 : 0;
            assertThat(String.format(Locale.ROOT, "%." + decimals + "fx", Double.parseDouble(ratios.group(1))))
                    .isEqualTo(ratio);
            assertThat(readme).contains(ratio);
        }
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
