package dev.clusca.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory that an operation uses while it runs: one piece, replaced by a larger one when that is asked for. Its contents hold until the next request. Used by the
 * worker's thread alone.
 */
final class Scratch implements AutoCloseable {
    private final String purpose;
    private @Nullable Piece piece;

    private static final class Piece {
        final Arena arena = Arena.ofShared();
        final MemorySegment memory;

        Piece(long bytes, String purpose) {
            memory = CpuTensors.allocate(arena, bytes, purpose, Worker.NOTHING);
        }
    }

    Scratch(String purpose) {
        this.purpose = purpose;
    }

    /** The address of at least that many bytes. */
    long address(long bytes) {
        Piece held = piece;
        if (held == null || held.memory.byteSize() < bytes) {
            close();
            held = new Piece(bytes, purpose);
            piece = held;
        }
        return held.memory.address();
    }

    @Override
    public void close() {
        Piece held = piece;
        piece = null;
        if (held != null) {
            held.arena.close();
        }
    }
}
