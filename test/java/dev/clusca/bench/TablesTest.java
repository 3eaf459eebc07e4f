package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TablesTest {
    /** No number of a record is typed. */
    @Test
    void theTextsTablesAreThoseOfTheRecords() throws IOException {
        for (Path name : Tables.TEXTS) {
            String text = Files.readString(Repository.path(name.toString()));
            assertThat(Tables.renewed(text, Repository.path("")))
                    .as("run bench/tables.sh")
                    .isEqualTo(text);
            assertThat(Pattern.compile("^\\| .*[0-9]x \\|$", Pattern.MULTILINE)
                            .matcher(text)
                            .results())
                    .as("tables of " + name)
                    .hasSizeGreaterThan(2);
        }
    }

    @Test
    void aTableIsWrittenAnewBetweenItsMarkers() throws IOException {
        String record = "bench/history/amd-epyc-zen-3-2-threads-avx2-own-products.jsonl";
        String models = "<!-- models | " + record + " | 2026-11-30T08:41:57Z | models/shapes-dit f32 -->\n";
        String operations = "<!-- operations | " + record + " -->\n";
        String text = Tables.renewed(
                "before\n" + models + "| old |\n<!-- end -->\nbetween\n" + operations + "<!-- end -->\nafter\n",
                Repository.path(""));
        assertThat(text)
                .startsWith("before\n" + models
                        + "| what | dtype | shape | clusca | pytorch 2.13.0, its best form | ratio |\n|---|")
                .contains(
                        "| full step | f32 | models/shapes-dit, 20 rows | 36",
                        " 1.12x |\n",
                        "\n<!-- end -->\nbetween\n" + operations)
                .contains("| prefixPass 2x256x1152/k16 | f32 | 1417 us |")
                .endsWith("|\n<!-- end -->\nafter\n")
                .doesNotContain("old", "dit-xl/2", "50 plain steps");
    }
}
