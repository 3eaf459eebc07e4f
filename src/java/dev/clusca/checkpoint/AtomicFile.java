package dev.clusca.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;

/** Writes a file beside its place and then moves it there: readers see the old file or the whole new one, and a failed run leaves nothing behind. */
public final class AtomicFile {
    private static final String PART = ".part";

    private AtomicFile() {}

    /** What goes into the file. */
    @FunctionalInterface
    public interface Contents {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /**
     * Writes a file, replacing one that exists.
     *
     * @throws IOException with a sentence that names the file and the cause: no such folder, no permission, a full disk
     */
    public static void write(Path file, Contents contents) throws IOException {
        Path beside = beside(file);
        boolean done = false;
        try {
            try (FileChannel channel =
                    FileChannel.open(beside, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                contents.writeTo(channel);
                // On disk before the name points there, or a crash could leave an empty file under the final name.
                channel.force(true);
            }
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            done = true;
        } catch (IOException e) {
            throw cannotWrite(file, e);
        } finally {
            if (!done) {
                Files.deleteIfExists(beside);
            }
        }
    }

    /**
     * Writes a file of text, in UTF-8.
     *
     * @throws IOException as {@link #write(Path, Contents)}
     */
    public static void write(Path file, String text) throws IOException {
        write(file, channel -> {
            ByteBuffer rest = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        });
    }

    /**
     * Checks, before a long computation, that a file could be written now: an empty one is created beside its place and deleted.
     *
     * @throws IOException as {@link #write(Path, Contents)}
     */
    public static void checkWritable(Path file) throws IOException {
        Path beside = beside(file);
        try {
            Files.createFile(beside);
            checkName(file);
        } catch (IOException e) {
            throw cannotWrite(file, e);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** Deletes what processes left beside a file that died while they wrote it; for a caller who knows that nobody is writing it. */
    public static void removeRemains(Path file) throws IOException {
        Path target = file.toAbsolutePath();
        try (DirectoryStream<Path> remains = Files.newDirectoryStream(target.getParent(), begin(target) + "*" + PART)) {
            for (Path part : remains) {
                Files.deleteIfExists(part);
            }
        }
    }

    /** Whether the file system takes the name: it may be longer than that of the file beside. */
    private static void checkName(Path file) throws IOException {
        try {
            Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            // A name like any other, and not taken yet.
        }
    }

    /** A new name in the same folder, so that the move is one rename. */
    private static Path beside(Path file) throws IOException {
        Path target = file.toAbsolutePath();
        Path folder = target.getParent();
        if (folder == null || Files.isDirectory(target)) {
            throw new IOException("cannot write " + file + ": it is a folder; name a file");
        }
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new IOException(
                    "cannot write " + file + ": it exists and is not a regular file; choose another name");
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException("cannot write " + file + ": the folder " + folder
                    + (Files.exists(folder) ? " is a file; choose another name" : " does not exist; create it first"));
        }
        return folder.resolve(begin(target) + UUID.randomUUID() + PART);
    }

    /** How the names beside a file begin; made of a hash of its own name, which may be as long as a name can be. */
    private static String begin(Path target) {
        byte[] name = target.getFileName().toString().getBytes(StandardCharsets.UTF_8);
        return ".clusca-" + UUID.nameUUIDFromBytes(name) + "-";
    }

    private static IOException cannotWrite(Path file, IOException e) {
        Path folder = file.toAbsolutePath().getParent();
        return new IOException(
                "cannot write " + file + ": " + FileFailure.reason(e) + "; check permissions and free space of "
                        + folder,
                e);
    }
}
