package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backend that cannot decode says so before anything is sampled. */
class DecodeOnCudaTest {
    @Test
    void picturesAreRefusedBeforehand(@TempDir Path models, @TempDir Path folder) {
        ChildProcess.Result sample = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of(),
                        "dev.clusca.cli.Main",
                        "sample",
                        "--emulate",
                        "--backend=cuda",
                        "--model=" + TinyPipeline.write(models),
                        "--classes=0",
                        "--steps=1000",
                        "--out=" + folder.resolve("x.png"))
                .await();
        assertThat(sample.exit()).as(sample.output()).isEqualTo(1);
        assertThat(sample.output())
                .contains("the cuda backend has no kernel for convolve yet, so it decodes no pictures")
                .contains("use --backend cpu, or save the latents alone");
        assertThat(folder).isEmptyDirectory();
    }
}
