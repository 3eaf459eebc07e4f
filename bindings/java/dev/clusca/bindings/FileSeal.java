package dev.clusca.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What a file looked like when all its bytes were last hashed: while this holds, the hash holds, and 93 MB need not be read again. Nobody
 * but the owner of a private folder can write there, and any write moves the time of the last change, which no program can set.
 *
 * @param sha256 the hash of the bytes
 * @param size in bytes
 * @param modified time of the last write
 * @param changed time of the last change of bytes or attributes
 * @param inode the file's number on its file system
 */
record FileSeal(String sha256, long size, String modified, String changed, long inode) {
    /** The seal that a file would bear if its bytes had this hash. */
    static FileSeal of(Path file, String sha256) throws IOException {
        UnixFile now = UnixFile.at(file);
        return new FileSeal(sha256, now.size(), now.modified(), now.changed(), now.inode());
    }

    /** Whether the file is there and bears this hash's seal. */
    static boolean holds(Path file, String sha256) throws IOException {
        try {
            return Files.readString(place(file)).equals(of(file, sha256).toString());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Seals a file whose bytes have just been hashed. */
    static void write(Path file, String sha256) throws IOException {
        Path part = Files.createTempFile(file.getParent(), "seal", NativeCache.PART);
        Files.writeString(part, of(file, sha256).toString());
        NativeCache.moveOver(part, place(file));
    }

    private static Path place(Path file) {
        return file.resolveSibling(file.getFileName() + ".seal");
    }
}
