package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    private static final Map<String, Object> SETTINGS = Map.of("seed", 7L, "cfg", 1.5f, "policy", "full");

    @TempDir
    Path folder;

    @Test
    void namesWhatIsMissing() throws IOException {
        Path images = folder.resolve("a/b");
        try (ImageFolder filled = ImageFolder.open(images, SETTINGS)) {
            assertThat(filled.missing(3)).containsExactly(0, 1, 2);
            Files.createFile(filled.file(1));
            assertThat(filled.file(1)).hasFileName("000001.png");
            assertThat(filled.missing(3)).containsExactly(0, 2);
        }
        try (ImageFolder again = ImageFolder.open(images, SETTINGS)) {
            assertThat(again.missing(4)).containsExactly(0, 2, 3);
        }
    }

    @Test
    void oneAtATimeFillsIt() throws IOException {
        try (ImageFolder first = ImageFolder.open(folder, SETTINGS)) {
            assertThat(first.missing(1)).hasSize(1);
            assertThatThrownBy(() -> ImageFolder.open(folder, SETTINGS))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another run is filling the folder " + folder);
        }
        ImageFolder.open(folder, SETTINGS).close();
    }

    /** Linux lets go of a process's lock when the process closes any descriptor of the file. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aRefusedRunTakesTheLockFromNobody() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Files.createDirectory(folder.resolve("images")));
        try (ImageFolder first = ImageFolder.open(folder.resolve("images"), SETTINGS)) {
            assertThatThrownBy(() -> ImageFolder.open(link, SETTINGS)).hasMessageContaining("another run is filling");

            String output = ChildProcess.java(
                            ChildProcess.classPath(),
                            Map.of(),
                            Other.class.getName(),
                            first.file(0).getParent().toString())
                    .await()
                    .output();
            assertThat(output).contains("another run is filling the folder");
        }
    }

    /** Another process that opens the folder. */
    static final class Other {
        private Other() {}

        public static void main(String[] args) throws IOException {
            ImageFolder.open(Path.of(args[0]), SETTINGS).close();
        }
    }

    @Test
    void aFolderIsFreeAfterARunThatFailed() throws IOException {
        ImageFolder first = ImageFolder.open(folder, SETTINGS);
        Files.createFile(first.file(0));
        first.close();
        assertThatThrownBy(() -> ImageFolder.open(folder, Map.of())).hasMessageContaining("other settings");
        try (ImageFolder second = ImageFolder.open(folder, SETTINGS)) {
            first.close();
            assertThat(second.missing(2)).containsExactly(1);
            assertThatThrownBy(() -> ImageFolder.open(folder, SETTINGS)).hasMessageContaining("another run is filling");
        }
    }

    /** As one whose weights were damaged: it binds nobody. */
    @Test
    void aRunWithoutAnImageLeavesNoSettings() throws IOException {
        ImageFolder.open(folder, Map.of("seed", 8L)).close();
        assertThat(folder.resolve("samples.json")).doesNotExist();

        try (ImageFolder images = ImageFolder.open(folder, SETTINGS)) {
            Files.createFile(images.file(0));
        }
        ImageFolder.open(folder, SETTINGS).close();
        assertThat(folder.resolve("samples.json")).exists();
    }

    @Test
    void otherSettingsAreRefusedOneByOne() throws IOException {
        try (ImageFolder images = ImageFolder.open(folder, SETTINGS)) {
            Files.createFile(images.file(0));
        }
        assertThatThrownBy(() -> ImageFolder.open(folder, Map.of("seed", 8L, "cfg", 1.5f)))
                .hasMessageContaining("policy was full and is null now; seed was 7 and is 8 now");
    }

    @Test
    void aRunThatDiedEarlyLeavesAFolderThatCanBeUsed() throws IOException {
        Path remains = folder.resolve(".clusca-1.part");
        Files.createFile(remains);
        ImageFolder.open(folder, SETTINGS).close();
        assertThat(remains).doesNotExist();
        Files.writeString(folder.resolve("samples.json"), "{");
        assertThatThrownBy(() -> ImageFolder.open(folder, SETTINGS))
                .hasMessageContaining("samples.json is not valid JSON");
    }

    @Test
    void somebodysFilesAreLeftAlone() throws IOException {
        Path file = Files.createFile(folder.resolve("mine"));
        assertThatThrownBy(() -> ImageFolder.open(folder, SETTINGS)).hasMessageContaining("holds files");
        assertThatThrownBy(() -> ImageFolder.open(file, SETTINGS)).hasMessageContaining("is a file");
        assertThat(Files.list(folder)).containsExactly(file);
    }
}
