package dev.clusca.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Safetensors files put together by hand, right or wrong. */
final class SafetensorsBytes {
    private SafetensorsBytes() {}

    /** A file with this header, its true length before it, and this data. */
    static byte[] of(String header, byte[] data) {
        byte[] utf8 = header.getBytes(StandardCharsets.UTF_8);
        return of(utf8.length, utf8, data);
    }

    /** A file that says that its header has {@code length} bytes. */
    static byte[] of(long length, byte[] header, byte[] data) {
        return ByteBuffer.allocate(Long.BYTES + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(header)
                .put(data)
                .array();
    }
}
