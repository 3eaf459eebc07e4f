package dev.clusca;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's examples, as a stranger would run them. */
class ReadmeTest {
    @TempDir
    Path folder;

    @Test
    void theExampleRunsAsItStands() throws IOException, InterruptedException {
        Path model = Files.createDirectories(folder.resolve("models/shapes-dit"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Repository.path("models/shapes-dit", file), model.resolve(file));
        }

        assertThat(run("Heart.java", example(0), 0)).contains("ms a full step");
        assertThat(folder.resolve("heart.png")).isNotEmptyFile();
    }

    /** Without the model it gets as far as to open it, compiled. */
    @Test
    void theExampleOfLatentsCompiles() throws IOException, InterruptedException {
        assertThat(run("Dog.java", example(1), 1)).contains("DiT-XL-2-256 does not exist; name a model's folder");
    }

    @Test
    void theExampleOfAMeasurementRunsAsItStands() throws IOException, InterruptedException {
        assertThat(run("Mine.java", example(2), 0))
                .contains("of the roof")
                .containsPattern("gemm 300x1024x4096 +f32 ")
                .doesNotContain("INVALID");
    }

    private static String example(int number) throws IOException {
        List<String> blocks = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Repository.path("README.md")))
                .results()
                .map(block -> block.group(1))
                .toList();
        assertThat(blocks).hasSize(3);
        assertThat(blocks.get(number).lines().count())
                .as("lines of the example")
                .isLessThanOrEqualTo(20);
        return blocks.get(number);
    }

    private String run(String name, String program, int exit) throws IOException, InterruptedException {
        Files.writeString(folder.resolve(name), program);
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        name))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("the example ends").isTrue();
        String output = Files.readString(folder.resolve("output"));
        assertThat(process.exitValue()).as(output).isEqualTo(exit);
        return output;
    }
}
