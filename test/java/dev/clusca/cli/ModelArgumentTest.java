package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.checkpoint.VaeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ModelArgumentTest {
    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void closesAnAutoencoderThatDoesNotFit() throws IOException {
        DitConfig latents =
                DitConfig.fromJson(TinyDit.latents(folder.resolve("model")).resolve("config.json"));
        Path fitting = TinyPipeline.autoencoder(folder.resolve("fitting"), TinyPipeline.VAE);
        try (VaeCheckpoint opened = ModelArgument.autoencoder(fitting, Optional.empty(), latents)) {
            assertThat(opened).isNotNull();
            assertThat(isMapped(fitting)).isTrue();
        }
        Path other = TinyPipeline.autoencoder(
                folder.resolve("other"), new VaeConfig(8, 3, List.of(4, 8), 1, 2, 0.5, 0, true, true));

        assertThatThrownBy(() -> ModelArgument.autoencoder(other, Optional.empty(), latents))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("decodes latents of 8 channels");

        assertThat(isMapped(other)).isFalse();
    }

    private static boolean isMapped(Path file) throws IOException {
        return Files.readString(Path.of("/proc/self/maps"))
                .contains(file.toRealPath().toString());
    }
}
