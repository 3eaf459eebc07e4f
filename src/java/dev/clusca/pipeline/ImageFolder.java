package dev.clusca.pipeline;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of numbered pictures, {@code 000000.png} and so on, that is filled by as many runs as it takes. A picture is there whole or not at all, however a run ended; what is there
 * is not made again. {@code samples.json} holds the settings that all pictures were made with; a run that makes none leaves none. One process fills a folder at a time.
 */
public final class ImageFolder implements AutoCloseable {
    private static final String SETTINGS = "samples.json";
    private static final String LOCK = ".clusca-lock";

    /** The real paths of those that are open in this process: whoever opens and closes a lock file here a second time takes the first one's lock from it. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Path real;
    private final FileChannel channel;
    private final boolean begins;

    private ImageFolder(Path folder, Path real, FileChannel channel, boolean begins) {
        this.folder = folder;
        this.real = real;
        this.channel = channel;
        this.begins = begins;
    }

    /**
     * Opens a folder to fill, which is made if it is not there.
     *
     * @param settings everything that the pictures depend on: texts and numbers
     * @throws IOException if the folder cannot be used, another process fills it, it was begun with other settings (which differ is said), or it holds something else
     */
    public static ImageFolder open(Path folder, Map<String, Object> settings) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new IOException(folder + " is a file; name a folder for the images");
        }
        Files.createDirectories(folder);
        Path file = folder.resolve(SETTINGS);
        if (!Files.exists(file) && !isFresh(folder)) {
            throw new IOException("the folder " + folder + " holds files, but no " + SETTINGS
                    + " of earlier images; name a new or an empty folder");
        }
        Path real = folder.toRealPath();
        if (!OPEN.add(real)) {
            throw inUse(folder);
        }
        FileChannel channel = null;
        boolean opened = false;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock(folder, channel);
            // What a killed run was writing lies beside its place, under a name that nobody will come back to.
            AtomicFile.removeAllRemains(folder);
            boolean begins = !Files.exists(file);
            if (begins) {
                AtomicFile.write(file, Json.pretty(settings));
            } else {
                checkSettings(folder, file, settings);
            }
            opened = true;
            return new ImageFolder(folder, real, channel, begins);
        } finally {
            if (!opened) {
                release(real, channel);
            }
        }
    }

    /** Where it lies. */
    public Path path() {
        return folder;
    }

    /** The file of an image. */
    public Path file(int image) {
        return folder.resolve(String.format(Locale.ROOT, "%06d.png", image));
    }

    /** Those of the images 0 to {@code count - 1} that are still to be made. */
    public List<Integer> missing(int count) {
        return IntStream.range(0, count)
                .filter(image -> !Files.exists(file(image)))
                .boxed()
                .toList();
    }

    /** Lets another process fill the folder. */
    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            try {
                if (begins && isFresh(folder)) {
                    Files.deleteIfExists(folder.resolve(SETTINGS));
                }
            } finally {
                release(real, channel);
            }
        }
    }

    private static void release(Path real, @Nullable FileChannel channel) throws IOException {
        try {
            if (channel != null) {
                channel.close();
            }
        } finally {
            OPEN.remove(real);
        }
    }

    private static void lock(Path folder, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw inUse(folder);
        }
    }

    private static IOException inUse(Path folder) {
        return new IOException("another run is filling the folder " + folder + "; wait for it, or name another folder");
    }

    /** Nothing in it but what lies beside pictures, or what a run that died early leaves. */
    private static boolean isFresh(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                if (!file.endsWith(LOCK) && !file.endsWith(SETTINGS) && !AtomicFile.isRemains(file)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static void checkSettings(Path folder, Path file, Map<String, Object> settings) throws IOException {
        // Through JSON, so that a number is what it will be when it was read.
        Map<?, ?> asked = (Map<?, ?>) Objects.requireNonNull(Json.parse(Json.text(settings), "settings"));
        Object found;
        try {
            found = Json.read(file);
        } catch (CheckpointException e) {
            throw new IOException(e.getMessage() + "; name another folder", e);
        }
        if (!(found instanceof Map<?, ?> earlier)) {
            throw new IOException(file + " is not a JSON object; name another folder");
        }
        List<String> differences = new ArrayList<>();
        TreeSet<String> keys = new TreeSet<>();
        asked.keySet().forEach(key -> keys.add(String.valueOf(key)));
        earlier.keySet().forEach(key -> keys.add(String.valueOf(key)));
        for (String key : keys) {
            if (!Objects.equals(asked.get(key), earlier.get(key))) {
                differences.add(key + " was " + earlier.get(key) + " and is " + asked.get(key) + " now");
            }
        }
        if (!differences.isEmpty()) {
            throw new IOException("the images in " + folder + " were made with other settings: "
                    + String.join("; ", differences) + "; give the same ones, or name another folder");
        }
    }
}
