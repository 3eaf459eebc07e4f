package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void writesANewFileAndReplacesAnOldOne() throws IOException {
        Path file = folder.resolve("x");

        AtomicFile.write(file, channel -> put(channel, "first and longer"));
        AtomicFile.write(file, channel -> put(channel, "second"));

        assertThat(file).hasContent("second");
        assertThatFolderHoldsOnly("x");
    }

    /** A disk that fills up half-way: the old file stays, the half is gone. */
    @Test
    void aFailureKeepsTheOldFileAndRemovesTheHalfOne() throws IOException {
        Path file = Files.writeString(folder.resolve("x"), "old");

        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
                    put(channel, "half");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot write " + file + ": No space left on device; check");

        assertThat(file).hasContent("old");
        assertThatFolderHoldsOnly("x");
    }

    @Test
    void aNameMayBeAsLongAsTheFileSystemAllows() throws IOException {
        String longest = "x".repeat(255);

        AtomicFile.checkWritable(folder.resolve(longest));
        AtomicFile.write(folder.resolve(longest), channel -> put(channel, "text"));
        assertRefused(folder.resolve(longest + "x"), "cannot write ");

        assertThatFolderHoldsOnly(longest);
    }

    @Test
    void aCancelledWriteLeavesNothing() {
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("x"), channel -> {
                    put(channel, "half");
                    throw new CancellationException();
                }))
                .isInstanceOf(CancellationException.class);

        assertThatFolderHoldsOnly();
    }

    @Test
    void saysBeforehandWhatIsInTheWay() throws IOException {
        Path file = Files.writeString(folder.resolve("x"), "old");

        assertRefused(folder, "it is a folder; name a file");
        assertRefused(folder.resolve("none/x"), "none does not exist; create it first");
        assertRefused(file.resolve("y"), "is a file; choose another name");
        assertRefused(Path.of("/dev/null"), "not a regular file");
        assertRefused(Path.of("/proc/clusca.png"), "cannot write /proc/clusca.png");
        assertThatCode(() -> AtomicFile.checkWritable(file)).doesNotThrowAnyException();
        assertThatCode(() -> AtomicFile.checkWritable(folder.resolve("new"))).doesNotThrowAnyException();
        assertThat(file).hasContent("old");
        assertThatFolderHoldsOnly("x");
    }

    private static void assertRefused(Path file, String why) {
        assertThatThrownBy(() -> AtomicFile.checkWritable(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why);
        assertThatThrownBy(() -> AtomicFile.write(file, channel -> put(channel, "x")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why);
    }

    private void assertThatFolderHoldsOnly(String... names) {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder(names);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void put(WritableByteChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}
