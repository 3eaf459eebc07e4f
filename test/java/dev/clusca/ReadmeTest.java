package dev.clusca;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example, as a stranger would run it. */
class ReadmeTest {
    @TempDir
    Path folder;

    @Test
    void theExampleRunsAsItStands() throws IOException, InterruptedException {
        Matcher block = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Repository.path("README.md")));
        assertThat(block.find()).as("README.md has a java block").isTrue();
        String example = block.group(1);
        assertThat(example.lines().count()).as("lines of the example").isLessThanOrEqualTo(20);
        Files.writeString(folder.resolve("Heart.java"), example);
        Path model = Files.createDirectories(folder.resolve("models/shapes-dit"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Repository.path("models/shapes-dit", file), model.resolve(file));
        }

        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "Heart.java"))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("the example ends").isTrue();
        String output = Files.readString(folder.resolve("output"));
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(output).contains("ms a full step");
        assertThat(folder.resolve("heart.png")).isNotEmptyFile();
    }
}
