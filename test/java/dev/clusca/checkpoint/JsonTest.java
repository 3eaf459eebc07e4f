package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @TempDir
    Path folder;

    @Test
    void givesBackWhatWasWritten() {
        Map<String, @Nullable Object> value = new LinkedHashMap<>();
        value.put("z", Arrays.asList(1L, -2.5, null, true, "\"\u00e9\n\ud83d\ude00"));
        value.put("a", Map.of());
        value.put("long", Long.MAX_VALUE);
        value.put("tiny", Double.MIN_VALUE);
        assertThat(Json.parse(Json.text(value), "it")).isEqualTo(value);
        assertThat(Json.parse(Json.pretty(value), "it")).isEqualTo(value);
        assertThat(Json.text(value)).startsWith("{\"z\":[1,-2.5,null,true,").doesNotContain("\n");
        assertThat(Json.pretty(Map.of("schema", 1))).isEqualTo("{\n  \"schema\" : 1\n}\n");
    }

    @Test
    void refusesWhatJsonDoesNotHave() {
        for (Object value : List.of(Double.NaN, Float.POSITIVE_INFINITY, new Object(), Path.of("x"))) {
            assertThatThrownBy(() -> Json.text(List.of(value)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("JSON has no form for " + value);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1,]",
                "{\"a\":1,}",
                "{'a':1}",
                "nul",
                "NaN",
                "01",
                "1 2",
                "99999999999999999999",
                "\"\u0001\"",
                "// x\n1"
            })
    void refusesWhatIsNotJson(String text) {
        assertThatThrownBy(() -> Json.parse(text, "settings"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("settings is not valid JSON: ");
    }

    @Test
    void refusesKeysThatOccurTwice() {
        assertThatThrownBy(() -> Json.parse("{\"a\": {\"b\": null, \"b\": 1}}", "settings"))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("settings has the key 'b' twice in one object");
    }

    @Test
    void saysWhereTheErrorIs() {
        assertThatThrownBy(() -> Json.parse("{\n  \"a\": ?\n}", "settings")).hasMessageContaining("line 2");
        assertThatThrownBy(() -> Json.parse("{", "settings"))
                .hasMessage(
                        "settings is not valid JSON: Unexpected end-of-input: expected close marker for Object (line 1, column 2)");
    }

    @Test
    void saysWhatIsNoText() throws IOException {
        Path file = folder.resolve("picture.json");
        Files.write(file, new byte[] {(byte) 0x89, 'P', 'N', 'G'});
        assertThatThrownBy(() -> Json.read(file)).hasMessage(file + " cannot be read: it is not text in UTF-8");
    }

    @Test
    void refusesDeepNestingAndLargeFiles() throws IOException {
        assertThatThrownBy(() -> Json.parse("[".repeat(100_000), "deep")).isInstanceOf(CheckpointException.class);
        Path file = folder.resolve("large.json");
        Files.write(file, new byte[(16 << 20) + 1]);
        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("large.json has 16777217 bytes");
        assertThatThrownBy(() -> Json.read(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("cannot be read: ")
                .hasMessageNotContaining("Exception");
    }
}
