package dev.clusca.bindings;

import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.bindings.libc.Libc;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache: private, whole, repaired. The library it keeps here is the smaller one of the dnnl jar. */
class NativeCacheTest {
    private static final String PATH = "org/bytedeco/dnnl/linux-x86_64/libgomp.so.1";
    private static final String SHA256 = "d46f9225c1883039e8a6853e6d96ca1af11d034ce186a090952e4a7c8a7c2fdc";
    private static final NativeResource LIBRARY = new NativeResource(PATH, SHA256, "use the right jar");

    @TempDir
    Path folder;

    private Path root;

    @BeforeEach
    void root() {
        root = folder.resolve("deep").resolve("cache");
    }

    @Test
    void keepsAWholeCopyInAFolderForThisUserAlone() throws IOException {
        Path file = extract();
        assertThat(file).hasBinaryContent(original());
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(fromString("r-x------"));
        for (Path made = file.getParent(); !made.equals(folder); made = made.getParent()) {
            assertThat(Files.getPosixFilePermissions(made)).as(made.toString()).isEqualTo(fromString("rwx------"));
        }
        assertThat(file.getParent().getFileName().toString()).matches("openmp-1\\.0-[0-9a-f]{16}");
        assertThat(root.resolve("natives")).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void leavesAGoodCopyAlone() throws IOException {
        Object inode = Files.getAttribute(extract(), "unix:ino");
        assertThat(Files.getAttribute(extract(), "unix:ino")).isEqualTo(inode);
    }

    @Test
    void repairsACopyThatWasCutShort() throws IOException {
        Path file = extract();
        try (RandomAccessFile bytes = new RandomAccessFile(writable(file), "rw")) {
            bytes.setLength(1000);
        }
        assertThat(extract()).isEqualTo(file).hasBinaryContent(original());
    }

    @Test
    void repairsAnAlteredCopyOfTheSameSizeAndTime() throws IOException {
        Path file = extract();
        FileTime modified = Files.getLastModifiedTime(file);
        try (RandomAccessFile bytes = new RandomAccessFile(writable(file), "rw")) {
            bytes.seek(5000);
            bytes.write(new byte[64]);
        }
        Files.setLastModifiedTime(file, modified);
        assertThat(extract()).hasBinaryContent(original());
    }

    @Test
    void hashesAgainWhenTheSealIsGoneOrForged() throws IOException {
        Path file = extract();
        Path seal = file.resolveSibling(file.getFileName() + ".seal");
        Files.delete(seal);
        extract();
        assertThat(seal).exists();
        Files.writeString(seal, "nonsense");
        Object inode = Files.getAttribute(file, "unix:ino");
        extract();
        assertThat(FileSeal.holds(file, SHA256)).isTrue();
        assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);
    }

    @Test
    void removesWhatAKilledProcessLeft() throws IOException {
        Path home = extract().getParent();
        Path abandoned = Files.createFile(home.resolve("libgomp.so.1123.part"));
        Path busy = Files.createFile(home.resolve("libgomp.so.1456.part"));
        Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Files.delete(home.resolve("libgomp.so.1"));
        extract();
        assertThat(abandoned).doesNotExist();
        assertThat(busy).exists();
    }

    @Test
    void worksInAThreadThatIsBeingInterrupted() throws IOException {
        Thread.currentThread().interrupt();
        try {
            assertThat(extract()).hasBinaryContent(original());
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void reportsAJarWithOtherBytes() {
        NativeResource other = new NativeResource(PATH, "0".repeat(64), "use the right jar");
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> new NativeCache(root).extract("openmp", "1.0", List.of(other)))
                .withMessageMatching("jar:file:.*dnnl.*\\.jar!/" + PATH + " has SHA-256 " + SHA256
                        + "\\. Expected: SHA-256 0{64}\\." + " Remedy: use the right jar\\.");
        assertThat(root).isDirectoryNotContaining("glob:**.part").isDirectoryNotContaining("glob:**libgomp*");
    }

    @Test
    void reportsAJarThatIsMissing() {
        NativeResource absent = new NativeResource("no/such/libx.so", SHA256, "use the right jar");
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> new NativeCache(root).extract("x", "1.0", List.of(absent)))
                .withMessage(
                        "no/such/libx.so is not on the class path. Expected: a jar that holds it. Remedy: use the right jar.");
    }

    @Test
    void refusesAFolderThatOthersCanWrite() throws IOException {
        Files.createDirectories(root);
        Files.setPosixFilePermissions(root, fromString("rwxrwxrwx"));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(this::extract)
                .withMessageContaining(root.toRealPath() + " can be written by others (mode 777)")
                .withMessageEndingWith(
                        "Remedy: chmod go-w " + root.toRealPath() + ", or set CLUSCA_CACHE to another folder.");
    }

    @Test
    void refusesAFolderThatBelongsToSomebodyElse() throws IOException {
        assumeTrue(Libc.effectiveUserId() == 0, "only root can give a folder away");
        Files.createDirectories(root);
        Files.setAttribute(root, "unix:uid", 12345);
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(this::extract)
                .withMessageContaining(root.toRealPath() + " belongs to another user (uid 12345)");
    }

    @Test
    void saysWhatToDoWhenTheFolderCannotBeMade() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> new NativeCache(file).extract("openmp", "1.0", List.of(LIBRARY)))
                .withMessageStartingWith("native libraries cannot be kept in " + file)
                .withMessageEndingWith("or set CLUSCA_CACHE to another folder.");
    }

    @Test
    void liesWhereTheUserSays() {
        Map<String, String> home = Map.of("HOME", "/h");
        assertThat(CacheFolder.choose(null, home)).hasToString("/h/.cache/clusca");
        assertThat(CacheFolder.choose(null, Map.of("HOME", "/h", "XDG_CACHE_HOME", "/x")))
                .hasToString("/x/clusca");
        assertThat(CacheFolder.choose(null, Map.of("HOME", "/h", "XDG_CACHE_HOME", "x")))
                .hasToString("/h/.cache/clusca");
        assertThat(CacheFolder.choose(null, Map.of("XDG_CACHE_HOME", "/x", "CLUSCA_CACHE", "/c")))
                .hasToString("/c");
        assertThat(CacheFolder.choose("/p", Map.of("CLUSCA_CACHE", "/c"))).hasToString("/p");
    }

    private Path extract() {
        return new NativeCache(root).extract("openmp", "1.0", List.of(LIBRARY)).resolve("libgomp.so.1");
    }

    private static String writable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, fromString("rw-------"));
        return file.toString();
    }

    private static byte[] original() throws IOException {
        try (InputStream in = LIBRARY.open()) {
            return in.readAllBytes();
        }
    }
}
