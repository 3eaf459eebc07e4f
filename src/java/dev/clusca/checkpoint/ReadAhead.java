package dev.clusca.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads parts of a file in the background, so that the system has them in memory when a mapping of it is looked at: faults of a mapping fetch little at a time, and whoever waits for
 * them computes nothing meanwhile. What was read is let go, and so is an error: the mapping shows either.
 */
final class ReadAhead implements AutoCloseable {
    private static final int CHUNK = 4 << 20;

    private final Path file;
    private final List<Part> parts;
    private final Thread thread;
    private volatile boolean closed;

    /** Bytes of the file, from {@code begin} to {@code end}. */
    record Part(long begin, long end) {}

    private ReadAhead(Path file, List<Part> parts) {
        this.file = file;
        this.parts = List.copyOf(parts);
        this.thread = Thread.ofPlatform().daemon().name("clusca-read-ahead").unstarted(this::read);
    }

    /** Begins to read, part after part. */
    static ReadAhead of(Path file, List<Part> parts) {
        ReadAhead ahead = new ReadAhead(file, parts);
        ahead.thread.start();
        return ahead;
    }

    private void read() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
        try (FileChannel channel = FileChannel.open(file)) {
            for (Part part : parts) {
                for (long at = part.begin(); at < part.end() && !closed; ) {
                    buffer.clear().limit((int) Math.min(CHUNK, part.end() - at));
                    int read = channel.read(buffer, at);
                    if (read < 0) {
                        return;
                    }
                    at += read;
                }
            }
        } catch (IOException e) {
            // Whoever needs these bytes meets the error in the mapping.
        }
    }

    /** Waits until all is read. */
    void await() throws InterruptedException {
        thread.join();
    }

    /** Stops after the chunk that is being read. */
    @Override
    public void close() {
        closed = true;
    }
}
