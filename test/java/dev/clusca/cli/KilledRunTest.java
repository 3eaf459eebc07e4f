package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.pipeline.PngReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 on a run that fills a folder: what is there is whole, and another run completes it to the same bytes. */
@EnabledOnOs(OS.LINUX)
class KilledRunTest {
    private static final int COUNT = 24;
    private static final int KILLS = 3;

    @Test
    @Timeout(180)
    void theFolderHoldsWholeImagesAndIsCompletedLater(@TempDir Path models, @TempDir Path folder)
            throws IOException, InterruptedException {
        Path model = TinyPipeline.write(models.resolve("pipeline"));
        Path killed = folder.resolve("killed");
        int finished = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            ChildProcess child = ChildProcess.java(
                    ChildProcess.classPath(),
                    Map.of(),
                    Stream.concat(Stream.of("dev.clusca.cli.Main"), arguments(model, killed).stream())
                            .toArray(String[]::new));
            // One image more than there were, or a file that is being written: then it dies in mid-work.
            while (child.handle().isAlive()
                    && images(killed).size() <= finished
                    && parts(killed).isEmpty()) {
                Thread.sleep(1);
            }
            child.handle().destroyForcibly();
            child.await();
            List<Path> there = images(killed);
            for (Path image : there) {
                assertThat(PngReader.read(image).width()).isEqualTo(TinyPipeline.SIDE);
            }
            assertThat(there).hasSizeGreaterThanOrEqualTo(finished).hasSizeLessThan(COUNT);
            finished = there.size();
        }
        // What a process leaves that dies while it writes.
        Files.write(killed.resolve(".clusca-00000000-0000-0000-0000-000000000000.part"), new byte[] {1, 2, 3});

        Outcome.of(arguments(model, killed).toArray(String[]::new)).assertDone();
        Path whole = folder.resolve("whole");
        Outcome.of(arguments(model, whole).toArray(String[]::new)).assertDone();

        assertThat(images(killed)).hasSize(COUNT);
        for (Path image : images(whole)) {
            assertThat(killed.resolve(image.getFileName())).hasSameBinaryContentAs(image);
        }
        assertThat(parts(killed)).isEmpty();
    }

    private static List<String> arguments(Path model, Path out) {
        return new ArrayList<>(List.of(
                "sample",
                "--model=" + model,
                "--backend=reference",
                "--policy=full",
                "--steps=8",
                "--batch=1",
                "--count=" + COUNT,
                "--out=" + out));
    }

    private static List<Path> images(Path folder) throws IOException {
        return ending(folder, ".png");
    }

    private static List<Path> parts(Path folder) throws IOException {
        return ending(folder, ".part");
    }

    private static List<Path> ending(Path folder, String end) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(end)).sorted().toList();
        }
    }
}
