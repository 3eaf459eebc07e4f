package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with a tiny model in the place of the trained one. */
class DemoCommandTest {
    @TempDir
    static Path home;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() {
        TinyDit.pixels(home.resolve("models/shapes-dit"));
    }

    @Test
    void writesAPictureAndAReportAndPrintsTheTable() throws IOException {
        Path out = folder.resolve("new/folder");

        Outcome demo = Outcome.at(
                        home,
                        "demo",
                        "--backend",
                        "reference",
                        "--steps",
                        "6",
                        "--interval",
                        "3",
                        "--out",
                        out.toString())
                .assertDone();

        assertThat(demo.out()).contains("ms/full step", "Full ", "TaylorSeer ", "ClusCa ", "reference", "wrote " + out);
        assertThat(ImageIO.read(out.resolve("demo.png").toFile()).getWidth()).isGreaterThan(5 * 256);
        Map<?, ?> report = (Map<?, ?>) Json.read(out.resolve("report.json"));
        assertThat(report.get("schema")).isEqualTo(1L);
        assertThat(report.get("classes")).isEqualTo(List.of(0L, 1L, 2L, 3L));
        assertThat(((Map<?, ?>) report.get("machine")).get("cores")).isInstanceOf(Long.class);
        List<?> rows = (List<?>) report.get("rows");
        assertThat(rows).hasSize(3);
        Map<?, ?> full = (Map<?, ?>) rows.get(0);
        assertThat(full.get("policy")).isEqualTo("full");
        assertThat(full.get("ms_cached_step")).isNull();
        assertThat(full.get("psnr_db")).isNull();
        assertThat(full.get("ssim")).isNull();
        assertThat(full.get("speedup_time")).isEqualTo(1.0);
        assertThat(full.get("speedup_flops")).isEqualTo(1.0);
        for (Object row : rows.subList(1, 3)) {
            Map<?, ?> cached = (Map<?, ?>) row;
            assertThat((String) cached.get("policy")).contains("interval=3,order=2");
            assertThat((double) cached.get("ms_full_step")).isPositive();
            assertThat((double) cached.get("ms_cached_step")).isPositive();
            assertThat((double) cached.get("ms_total")).isPositive();
            assertThat((double) cached.get("speedup_time")).isPositive();
            assertThat((double) cached.get("speedup_flops")).isBetween(1.2, 2.0);
            assertThat(cached.containsKey("psnr_db")).isTrue();
            assertThat((double) cached.get("ssim")).isBetween(-1.0, 1.0);
        }
    }

    @Test
    void jsonPrintsWhatTheReportHolds() throws IOException {
        Outcome demo = Outcome.at(
                        home, "demo", "--backend=reference", "--steps=3", "--classes=2", "--out=" + folder, "--json")
                .assertDone();

        assertThat(folder.resolve("report.json")).hasContent(demo.out());
    }

    @Test
    void findsClassesByTheirNames() throws IOException {
        Path config = TinyDit.pixels(folder.resolve("models/shapes-dit")).resolve("config.json");
        Map<String, Object> named = new LinkedHashMap<>();
        ((Map<?, ?>) Json.read(config)).forEach((name, value) -> named.put((String) name, value));
        named.put("class_names", List.of("circle", "star", "heart", "ring"));
        Files.writeString(config, Json.pretty(named));
        Outcome demo = Outcome.at(
                        folder,
                        "demo",
                        "--backend=reference",
                        "--steps=3",
                        "--classes=star, 0",
                        "--out=" + folder,
                        "--json")
                .assertDone();

        assertThat(((Map<?, ?>) Json.parse(demo.out(), "report")).get("classes"))
                .isEqualTo(List.of(1L, 0L));
        Outcome.at(folder, "demo", "--backend=reference", "--classes=cube", "--out=" + folder)
                .assertUsage("there is no class 'cube'; the first are circle, star");
    }

    @Test
    void saysWhenItCannotFindItsModel() {
        Outcome.of("demo", "--out", folder.resolve("a").toString()).assertFailed(1, "start it with its launcher");
        Outcome.at(folder, "demo", "--out", folder.resolve("a").toString()).assertFailed(1, "models/shapes-dit");
    }

    @Test
    void refusesWrongArguments() {
        demo("--classes", "0,9").assertUsage("there is no class 9");
        demo("--steps", "0").assertUsage("expected 1 to 1000");
        demo("--interval", "0").assertUsage("interval");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void saysBeforehandThatItCannotWrite() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        Outcome onFile = Outcome.at(home, "demo", "--backend", "reference", "--out", file.toString());

        onFile.assertFailed(1, "it is a file; name a folder with --out");
        Outcome.at(home, "demo", "--backend", "reference", "--out", "/proc/clusca")
                .assertFailed(1, "/proc/clusca");
    }

    @Test
    void writesOverNothingThatItReads() throws IOException {
        Path weights = home.resolve("models/shapes-dit/model.safetensors");
        byte[] before = Files.readAllBytes(weights);
        Path link = Files.createSymbolicLink(folder.resolve("report.json"), weights);

        demo().assertUsage("model.safetensors is what demo reads; name another file with --out");

        assertThat(weights).hasBinaryContent(before);
        Files.delete(link);
    }

    @Test
    void anInterruptionLeavesNothing() {
        AtomicInteger asked = new AtomicInteger();

        Outcome.cancelled(
                        home,
                        () -> asked.incrementAndGet() > 12,
                        "demo",
                        "--backend=reference",
                        "--steps=8",
                        "--out=" + folder)
                .assertFailed(130, "interrupted");

        assertThat(folder).isEmptyDirectory();
    }

    private Outcome demo(String... more) {
        String[] args = new String[more.length + 5];
        String[] first = {"demo", "--backend", "reference", "--out", folder.toString()};
        System.arraycopy(first, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        return Outcome.at(home, args);
    }
}
