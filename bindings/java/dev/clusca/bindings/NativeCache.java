package dev.clusca.bindings;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;

/**
 * A private folder of native libraries taken out of jars, each kept under its name, version and SHA-256.
 *
 * <p>A library is written beside its place, hashed on the way, flushed to disk and moved into place in one step, so that a reader finds
 * either all of it or nothing; a file that was cut short or altered since is replaced. Any number of processes may do so at once. The folder
 * is {@code $CLUSCA_CACHE}, or {@code clusca} in {@code $XDG_CACHE_HOME} or {@code ~/.cache}; it is refused when others can write it.
 */
public final class NativeCache {
    /** The system property that names the folder, before any environment variable. */
    public static final String PROPERTY = "clusca.cache";

    /** How the name of a file ends that is still being written. */
    static final String PART = ".part";

    private static final Duration ABANDONED = Duration.ofHours(1);
    private static final int BUFFER = 1 << 18;

    private final Path root;

    NativeCache(Path root) {
        this.root = root.toAbsolutePath();
    }

    /** The cache of this user. */
    public static NativeCache ofUser() {
        return new NativeCache(CacheFolder.choose(System.getProperty(PROPERTY), System.getenv()));
    }

    /** The folder that holds the cache; it need not exist yet. */
    public Path root() {
        return root;
    }

    /**
     * Puts libraries side by side into the cache, where they are not there already.
     *
     * @param name what they are, for the folder's name
     * @param version the version of the jar they come from
     * @return the folder that holds them, under their file names
     * @throws NativeUnavailableException when the folder cannot be had or is not private, or a resource is missing or has other bytes
     */
    public Path extract(String name, String version, List<NativeResource> resources) {
        String key = name + "-" + version + "-" + combinedHash(resources).substring(0, 16);
        try {
            Path folder = CacheFolder.prepare(root, key);
            if (!allIntact(folder, resources)) {
                // Saves doing the work twice; whoever does not get the lock in time is still safe.
                try (FolderLock _ = FolderLock.acquire(folder)) {
                    removeAbandoned(folder);
                    for (NativeResource resource : resources) {
                        if (!intact(folder, resource)) {
                            place(folder, resource);
                        }
                    }
                }
            }
            return folder;
        } catch (IOException e) {
            throw new NativeUnavailableException(
                    "native libraries cannot be kept in " + root + " (" + reason(e) + ")",
                    "a folder of this user with room for them (about 100 MB)",
                    "make room or mend the permissions there, or set CLUSCA_CACHE to another folder",
                    e);
        }
    }

    /** Moves a finished file into its place in one step. */
    static void moveOver(Path part, Path place) throws IOException {
        Files.move(part, place, ATOMIC_MOVE, REPLACE_EXISTING);
    }

    private static boolean allIntact(Path folder, List<NativeResource> resources) throws IOException {
        for (NativeResource resource : resources) {
            if (!intact(folder, resource)) {
                return false;
            }
        }
        return true;
    }

    private static boolean intact(Path folder, NativeResource resource) throws IOException {
        Path file = folder.resolve(resource.fileName());
        if (FileSeal.holds(file, resource.sha256())) {
            return true;
        }
        try (InputStream in = Files.newInputStream(file)) {
            if (!copy(in, OutputStream.nullOutputStream()).equals(resource.sha256())) {
                return false;
            }
        } catch (NoSuchFileException e) {
            return false;
        }
        FileSeal.write(file, resource.sha256());
        return true;
    }

    private static void place(Path folder, NativeResource resource) throws IOException {
        Path part = Files.createTempFile(folder, resource.fileName(), PART);
        try {
            String sha256;
            try (InputStream in = resource.open();
                    FileOutputStream out = new FileOutputStream(part.toFile())) {
                sha256 = copy(in, out);
                out.getFD().sync();
            }
            if (!sha256.equals(resource.sha256())) {
                throw new NativeUnavailableException(
                        resource.place() + " has SHA-256 " + sha256,
                        "SHA-256 " + resource.sha256(),
                        resource.remedy(),
                        null);
            }
            Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("r-x------"));
            Path file = folder.resolve(resource.fileName());
            moveOver(part, file);
            FileSeal.write(file, sha256);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Deletes what a process that was killed left half written. */
    private static void removeAbandoned(Path folder) throws IOException {
        Instant limit = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, "*" + PART)) {
            for (Path part : parts) {
                if (Files.getLastModifiedTime(part).toInstant().isBefore(limit)) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    private static String copy(InputStream from, OutputStream to) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[BUFFER];
        try (DigestInputStream in = new DigestInputStream(from, digest)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                to.write(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String combinedHash(List<NativeResource> resources) {
        MessageDigest digest = sha256();
        for (NativeResource resource : resources) {
            digest.update((resource.fileName() + " " + resource.sha256() + "\n").getBytes(US_ASCII));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static String reason(IOException e) {
        String given = e instanceof FileSystemException at ? at.getReason() : e.getMessage();
        return e.getClass().getSimpleName() + (given == null ? "" : ": " + given);
    }
}
