package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C on a process of its own. */
@EnabledOnOs(OS.LINUX)
class InterruptionTest {
    /** More processor time than starting takes, so that the run is at work. */
    private static final Duration UNDER_WAY = Duration.ofSeconds(4);

    @Test
    @Timeout(60)
    void ctrlCEndsTheRunWith130AndLeavesNoFile(@TempDir Path models, @TempDir Path folder)
            throws IOException, InterruptedException {
        ChildProcess sample = ChildProcess.java(
                ChildProcess.classPath(),
                Map.of(),
                "dev.clusca.cli.Main",
                "sample",
                "--model=" + TinyDit.slow(models),
                "--backend=reference",
                "--policy=full",
                "--classes=0,1,2,3",
                "--steps=1000",
                "--out=" + folder.resolve("x.png"),
                "--report=" + folder.resolve("x.json"));
        while (sample.handle().info().totalCpuDuration().orElse(UNDER_WAY).compareTo(UNDER_WAY) < 0
                && sample.handle().isAlive()) {
            Thread.sleep(50);
        }

        new ProcessBuilder("kill", "-INT", Long.toString(sample.handle().pid()))
                .start()
                .waitFor();
        ChildProcess.Result result = sample.await();

        assertThat(result.output()).isEqualTo("clusca sample: interrupted; nothing was written\n");
        assertThat(result.exit()).isEqualTo(130);
        assertThat(folder).isEmptyDirectory();
    }
}
