package dev.clusca.bindings;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A lock on a folder that saves work and never blocks it: it is given up when its holder dies, and after a while the waiting process goes on
 * without it. What it guards must therefore be safe without it.
 */
final class FolderLock implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final @Nullable FileChannel channel;

    private FolderLock(@Nullable FileChannel channel) {
        this.channel = channel;
    }

    /** Waits for the lock, at most for as long as writing the libraries could take. */
    static FolderLock acquire(Path folder) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(folder.resolve(".lock"), CREATE, WRITE);
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (!tryLock(channel) && System.nanoTime() < end) {
                Thread.sleep(PAUSE);
            }
        } catch (IOException e) {
            // A file system without locks, or a thread that is being interrupted: go on without.
            System.getLogger(FolderLock.class.getName()).log(System.Logger.Level.DEBUG, "no lock on " + folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new FolderLock(channel);
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            // Another thread of this process holds it.
            return false;
        }
    }

    /** Gives the lock back; closing the file does so. */
    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
