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
import java.util.ArrayList;
import java.util.List;
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

    /** As in a folder where others' files cannot be replaced: what took minutes is not thrown away with the name. */
    @Test
    void whatCannotGetItsNameStaysBesideIt() {
        Path file = folder.resolve("x");
        List<Path> kept = new ArrayList<>();

        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
                    put(channel, "text");
                    try (Stream<Path> files = Files.list(folder)) {
                        files.forEach(kept::add);
                    }
                    Files.createDirectories(file.resolve("taken"));
                }))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot write " + file + ": ")
                .hasMessageEndingWith(
                        "; what should stand there is whole in " + kept.getFirst() + ", move it to where you need it");

        assertThat(kept.getFirst()).hasContent("text");
    }

    @Test
    void aLinkStaysAndWhatItLeadsToIsReplaced() throws IOException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        Path file = Files.writeString(disk.resolve("x"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("disk/x"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), link);
        Path fresh = Files.createSymbolicLink(folder.resolve("fresh"), Path.of("disk/y"));

        AtomicFile.checkWritable(second);
        AtomicFile.write(second, "new");
        AtomicFile.checkWritable(fresh);
        AtomicFile.write(fresh, "first");

        assertThat(List.of(second, link, fresh)).allMatch(Files::isSymbolicLink);
        assertThat(file).hasContent("new");
        assertThat(disk.resolve("y")).hasContent("first");
        assertThat(disk.toFile().list()).containsExactlyInAnyOrder("x", "y");
        assertThatFolderHoldsOnly("disk", "link", "second", "fresh");
    }

    @Test
    void linksThatLeadNowhereAreRefused() throws IOException {
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("back"));
        Files.createSymbolicLink(folder.resolve("back"), Path.of("circle"));
        Path lost = Files.createSymbolicLink(folder.resolve("lost"), Path.of("none/x"));

        assertRefused(circle, "its links lead in a circle; choose another name");
        assertRefused(lost, "none does not exist; create it first");

        assertThatFolderHoldsOnly("circle", "back", "lost");
    }

    @Test
    void namesOfOneFileHaveOneTarget() throws IOException {
        Path real = Files.createDirectories(folder.resolve("disk/real")).toRealPath();
        Path file = Files.createFile(real.resolve("x"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);

        assertThat(AtomicFile.target(link.resolve("x"))).isEqualTo(file);
        assertThat(AtomicFile.target(link.resolve("../real/./x"))).isEqualTo(file);
        assertThat(AtomicFile.target(link.resolve("new/y"))).isEqualTo(real.resolve("new/y"));
        assertThat(AtomicFile.target(link)).isEqualTo(real);
        assertThat(AtomicFile.target(Path.of("y")))
                .isEqualTo(Path.of("").toRealPath().resolve("y"));
    }

    @Test
    void removesWhatDeadProcessesLeft() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("x"));
        Path left = leftOf(link);
        Path other = leftOf(folder.resolve("y"));
        Path letter = Files.createFile(folder.resolve(".clusca-letter"));

        AtomicFile.removeRemains(folder.resolve("x"));
        assertThat(left).doesNotExist();
        assertThat(other).exists();
        AtomicFile.removeAllRemains(folder);
        assertThat(other).doesNotExist();
        assertThat(letter).exists();
        assertThat(link).isSymbolicLink();
    }

    /** The file beside, as it is while it is written. */
    private Path leftOf(Path file) throws IOException {
        List<Path> beside = new ArrayList<>();
        AtomicFile.write(file, channel -> {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(AtomicFile::isRemains).forEach(beside::add);
            }
        });
        beside.removeIf(Files::exists);
        return Files.createFile(beside.getFirst());
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
