package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
                .isEqualTo(new Loaded(
                        folder.resolve("toolkit-13.0/lib64/libsearched.so.1"),
                        List.of(folder.resolve("toolkit-12.9/lib64/libsearched.so.1"))));
    }

    @Test
    void thePropertyNamesTheFileOrItsFolderAndNothingElseIsTried() throws IOException {
        Path library = StandIn.compile(folder, "libnamed.so.1", "named");
        System.setProperty(PROPERTY, folder.toString());
        assertThat(search("libnamed.so.1").load()).isEqualTo(Loaded.only(library));
        System.setProperty(PROPERTY, library.toString());
        assertThat(search("libnamed.so.1").load()).isEqualTo(Loaded.only(library));

        Path empty = Files.createDirectory(folder.resolve("empty"));
        System.setProperty(PROPERTY, empty.toString());
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> search("libnamed.so.1", folder.toString()).load())
                .withMessage("libnamed.so.1 was not found in " + empty + ". Expected: libnamed.so.1 where -D" + PROPERTY
                        + " points. Remedy: install it.");
    }

    @Test
    void theFirstNameIsTakenWhereverItLies() throws IOException {
        Path near = Files.createDirectory(folder.resolve("near"));
        Path far = Files.createDirectory(folder.resolve("far"));
        Path older = StandIn.compile(near, "libversion.so.12", "version_12");
        Path newer = StandIn.compile(far, "libversion.so.13", "version_13");
        List<String> names = List.of("libversion.so.13", "libversion.so.12");
        assertThat(search(names, near.toString(), far.toString()).load()).isEqualTo(new Loaded(newer, List.of(older)));
        // A property decides even for the older one.
        System.setProperty(PROPERTY, near.toString());
        assertThat(search(names, far.toString()).load()).isEqualTo(Loaded.only(older));
    }

    @Test
    void theSameFileUnderAnotherNameIsNoChoice() throws IOException {
        Path real = Files.createDirectory(folder.resolve("real"));
        Path library = StandIn.compile(real, "liblinked.so.1", "linked");
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        assertThat(search("liblinked.so.1", link.toString(), real.toString()).load())
                .isEqualTo(Loaded.only(link.resolve(library.getFileName())));
    }

    @Test
    void whatIsFoundFirstAndDoesNotLoadIsNotReplacedByAnother() throws IOException {
        Path near = Files.createDirectory(folder.resolve("near"));
        Path far = Files.createDirectory(folder.resolve("far"));
        Path broken = StandIn.compile(near, "libbroken.so.2", "broken_2");
        StandIn.compile(far, "libbroken.so.1", "broken_1");
        byte[] whole = Files.readAllBytes(broken);
        Files.write(broken, Arrays.copyOf(whole, whole.length / 2));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> search(List.of("libbroken.so.2", "libbroken.so.1"), near.toString(), far.toString())
                        .load())
                .withMessage(
                        broken + " is cut short: it has " + whole.length / 2 + " bytes, and its own headers tell of "
                                + whole.length
                                + ". Expected: the whole file. Remedy: install or copy it again, or install it.");
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
        assertThat(search("libm.so.6").load().file()).hasFileName("libm.so.6");
    }

    private static LibrarySearch search(String fileName, String... folders) {
        return search(List.of(fileName), folders);
    }

    private static LibrarySearch search(List<String> fileNames, String... folders) {
        return new LibrarySearch(fileNames, PROPERTY, List.of(folders), "install it");
    }
}
