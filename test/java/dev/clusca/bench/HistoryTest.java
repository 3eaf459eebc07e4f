package dev.clusca.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The records that are kept: a file a machine, a JSON object a line. */
class HistoryTest {
    private static final Path HISTORY = Repository.path("bench", "history");

    @Test
    void everyLineSaysWhatItIsAndWhereItComesFrom() throws IOException {
        List<Path> files = files();
        assertThat(files)
                .isNotEmpty()
                .allSatisfy(file -> assertThat(file.toString()).endsWith(".jsonl"));
        for (Path file : files) {
            Set<Object> machines = new HashSet<>();
            Set<String> generations = new HashSet<>();
            List<String> lines = Files.readAllLines(file);
            assertThat(lines).as(file.toString()).isNotEmpty();
            for (String line : lines) {
                Map<String, Object> entry = PeerTable.object(Json.parse(line, file.toString()));
                assertThat(entry).as(line).containsEntry("schema", 1L).containsKeys("date", "machine");
                assertThat(entry.get("kind")).as(line).isIn("model", "kernel");
                assertThat(entry).as(line).containsKey(entry.get("kind").equals("model") ? "run" : "commit");
                assertThat(LocalDate.parse(entry.get("date").toString().substring(0, 10)))
                        .as(line)
                        .isAfter("2026-01-01");
                Map<String, Object> machine = PeerTable.object(entry.get("machine"));
                assertThat(machine).as(line).containsKeys("cpu", "cores");
                String cpu = machine.get("cpu").toString();
                int generation = cpu.indexOf(" (");
                machines.add(
                        (generation < 0 ? cpu : cpu.substring(0, generation)) + ", " + machine.get("cores") + " cores");
                if (generation >= 0) {
                    generations.add(cpu);
                }
            }
            assertThat(machines).as(file + " holds the records of one machine").hasSize(1);
            // Records from before generations were told apart have none; the file's name has it.
            assertThat(generations)
                    .as(file + " holds the records of one generation")
                    .hasSizeLessThanOrEqualTo(1);
        }
    }

    @Test
    void whatTheTextsLinkToIsThere() throws IOException {
        Pattern link = Pattern.compile("(?:bench/)?history/([a-z0-9-]+\\.jsonl)");
        Set<String> linked = new HashSet<>();
        for (Path text : List.of(
                Repository.path("README.md"),
                Repository.path("bench", "RESULTS.md"),
                Repository.path("bench", "METHOD.md"))) {
            Matcher found = link.matcher(Files.readString(text));
            while (found.find()) {
                linked.add(found.group(1));
            }
        }
        assertThat(linked)
                .isNotEmpty()
                .allSatisfy(name -> assertThat(HISTORY.resolve(name)).exists());
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(HISTORY)) {
            return files.sorted().toList();
        }
    }
}
