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
import java.util.Objects;
import java.util.UUID;

/**
 * Writes a file beside its place and then moves it there: readers see the old file or the whole new one, and a failed run leaves nothing behind. A name that is a symbolic link
 * stays one, and what it leads to is replaced.
 */
public final class AtomicFile {
    private static final String BEGIN = ".clusca-";
    private static final String PART = ".part";

    /** Links that lead to links; as many as Linux follows. */
    private static final int MOST_LINKS = 40;

    private AtomicFile() {}

    /** What goes into the file. */
    @FunctionalInterface
    public interface Contents {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /**
     * Writes a file, replacing one that exists.
     *
     * @throws IOException with a sentence that names the file and the cause: no such folder, no permission, a full disk. Where all was written and only the name could not be
     *     taken, it stays beside its place, and the sentence says where
     */
    public static void write(Path file, Contents contents) throws IOException {
        Path target = target(file);
        Path beside = beside(file, target);
        boolean whole = false;
        try {
            checkName(target);
            try (FileChannel channel =
                    FileChannel.open(beside, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                contents.writeTo(channel);
                // On disk before the name points there, or a crash could leave an empty file under the final name.
                channel.force(true);
            }
            whole = true;
        } catch (IOException e) {
            throw cannotWrite(file, target, e);
        } finally {
            if (!whole) {
                Files.deleteIfExists(beside);
            }
        }
        try {
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IOException(
                    "cannot write " + file + ": " + FileFailure.reason(e) + "; what should stand there is whole in "
                            + beside + ", move it to where you need it",
                    e);
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
        Path target = target(file);
        Path beside = beside(file, target);
        try {
            Files.createFile(beside);
            checkName(target);
        } catch (IOException e) {
            throw cannotWrite(file, target, e);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /**
     * The file that is written under a name: links are followed, those of its folders and those that it is itself, also where nothing is there yet. All names of one file have
     * the same target; whether it can be written is another question.
     */
    public static Path target(Path file) {
        Path at = file.toAbsolutePath();
        try {
            for (int links = 0; links < MOST_LINKS && Files.isSymbolicLink(at); links++) {
                at = at.resolveSibling(Files.readSymbolicLink(at));
            }
            if (Files.exists(at)) {
                return at.toRealPath();
            }
        } catch (IOException e) {
            return at.normalize();
        }
        Path folder = at.getParent();
        return folder == null ? at : target(folder).resolve(at.getFileName()).normalize();
    }

    /** Deletes what processes left beside a file that died while they wrote it; for a caller who knows that nobody is writing it. */
    public static void removeRemains(Path file) throws IOException {
        Path target = target(file);
        Path folder = Objects.requireNonNull(target.getParent(), "a file lies in a folder");
        remove(folder, part -> isRemains(part) && name(part).startsWith(begin(target)));
    }

    /** Deletes what processes left in a folder that died while they wrote files there; for a caller who knows that nobody is writing any. */
    public static void removeAllRemains(Path folder) throws IOException {
        remove(folder, AtomicFile::isRemains);
    }

    /** Whether a file has a name as those have that are being written, or were when their process died. */
    public static boolean isRemains(Path file) {
        return name(file).startsWith(BEGIN) && name(file).endsWith(PART);
    }

    private static void remove(Path folder, DirectoryStream.Filter<Path> which) throws IOException {
        try (DirectoryStream<Path> remains = Files.newDirectoryStream(folder, which)) {
            for (Path part : remains) {
                Files.deleteIfExists(part);
            }
        }
    }

    /** Whether the file system takes the name: it may be longer than that of the file beside. */
    private static void checkName(Path target) throws IOException {
        try {
            Files.readAttributes(target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            // A name like any other, and not taken yet.
        }
    }

    /** A new name in the same folder, so that the move is one rename. */
    private static Path beside(Path file, Path target) throws IOException {
        Path folder = target.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new IOException("cannot write " + file + ": it is a folder; name a file");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException(
                    "cannot write " + file + ": it exists and is not a regular file; choose another name");
        }
        if (Files.isSymbolicLink(target)) {
            throw new IOException("cannot write " + file + ": its links lead in a circle; choose another name");
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException("cannot write " + file + ": the folder " + folder
                    + (Files.exists(folder) ? " is a file; choose another name" : " does not exist; create it first"));
        }
        return folder.resolve(begin(target) + UUID.randomUUID() + PART);
    }

    /** How the names beside a file begin; made of a hash of its own name, which may be as long as a name can be. */
    private static String begin(Path target) {
        return BEGIN + UUID.nameUUIDFromBytes(name(target).getBytes(StandardCharsets.UTF_8)) + "-";
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    private static IOException cannotWrite(Path file, Path target, IOException e) {
        return new IOException(
                "cannot write " + file + ": " + FileFailure.reason(e) + "; check permissions and free space of "
                        + target.getParent(),
                e);
    }
}
