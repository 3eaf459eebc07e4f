package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HistoryTableTest {
    private static final Pattern BLOCK =
            Pattern.compile("<!-- \\./clusca bench history (\\S+) -->\n(.*?)<!-- end -->", Pattern.DOTALL);

    /** The README's numbers are records; {@code bench/readme.sh} writes them anew. */
    @Test
    void theReadmesTableIsThatOfTheHistory() throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(Repository.path("README.md")));
        assertThat(block.find()).isTrue();
        String table = new HistoryTable(Repository.path(block.group(1))).markdown();
        assertThat(table.lines().count()).isGreaterThan(10);
        assertThat(block.group(2)).as("run bench/readme.sh").isEqualTo(table);
    }
}
