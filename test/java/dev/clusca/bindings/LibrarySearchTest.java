package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a system's library is looked for. */
class LibrarySearchTest {
    private static final String PROPERTY = "clusca.standin.path";

    @TempDir
    Path folder;

    @AfterEach
    void clear() {
        System.clearProperty(PROPERTY);
    }

    @Test
    void expandsPatternsAndTakesTheNewest() throws IOException {
        for (String version : List.of("toolkit-12.9", "toolkit-13.0")) {
            StandIn.compile(
                    Files.createDirectories(folder.resolve(version).resolve("lib64")), "libsearched.so.1", "searched");
        }
        assertThat(search("libsearched.so.1", folder + "/toolkit-*/lib64").load())
                .isEqualTo(folder.resolve("toolkit-13.0/lib64/libsearched.so.1"));
    }

    @Test
    void thePropertyNamesTheFileOrItsFolderAndNothingElseIsTried() throws IOException {
        Path library = StandIn.compile(folder, "libnamed.so.1", "named");
        System.setProperty(PROPERTY, folder.toString());
        assertThat(search("libnamed.so.1").load()).isEqualTo(library);
        System.setProperty(PROPERTY, library.toString());
        assertThat(search("libnamed.so.1").load()).isEqualTo(library);

        Path empty = Files.createDirectory(folder.resolve("empty"));
        System.setProperty(PROPERTY, empty.toString());
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> search("libnamed.so.1", folder.toString()).load())
                .withMessage("libnamed.so.1 was not found in " + empty + ". Expected: libnamed.so.1 where -D" + PROPERTY
                        + " points. Remedy: install it.");
    }

    @Test
    void passesOverWhatIsNotForThisProcessor() throws IOException {
        byte[] head = new byte[64];
        System.arraycopy(new byte[] {0x7f, 'E', 'L', 'F', 1}, 0, head, 0, 5);
        Files.write(folder.resolve("libold.so.1"), head);
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> search("libold.so.1", folder.toString()).load())
                .withMessageContaining("was not found in ");
    }

    @Test
    void findsWhatTheDynamicLinkerKnows() {
        // Part of glibc, so present wherever these bindings run.
        assertThat(search("libm.so.6").load()).hasFileName("libm.so.6");
    }

    private static LibrarySearch search(String fileName, String... folders) {
        return new LibrarySearch(fileName, PROPERTY, List.of(folders), "install it");
    }
}
