package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The checked-in PTX is what the sources give, where the nvcc that made it is installed; elsewhere the build says that nothing is compared. */
class FreshnessTest {
    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void checkedInPtxIsFresh() throws IOException, InterruptedException {
        ProcessBuilder build = new ProcessBuilder(
                        Repository.path("kernels", "build.sh").toString(), "--check")
                .redirectErrorStream(true);
        build.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = build.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).containsAnyOf("is what nvcc", "not compared");
    }
}
