package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The headers of a shared library, which say what processor it is for and how far it reaches. */
final class ElfHeader {
    private static final byte[] ELF_64 = {0x7f, 'E', 'L', 'F', 2};
    private static final int MACHINE_OFFSET = 18;
    private static final int X86_64 = 62;

    private static final int HEADER_BYTES = 64;
    private static final int SEGMENTS_OFFSET = 32;
    private static final int SECTIONS_OFFSET = 40;
    private static final int SEGMENT_BYTES_OFFSET = 54;
    private static final int SEGMENTS_COUNT_OFFSET = 56;
    private static final int SECTION_BYTES_OFFSET = 58;
    private static final int SECTIONS_COUNT_OFFSET = 60;
    private static final int SEGMENT_START = 8;
    private static final int SEGMENT_LENGTH = 32;
    private static final int SEGMENT_HEADER_BYTES = 56;

    private ElfHeader() {}

    /** Whether the file is there and is code for a 64-bit x86 processor. */
    static boolean isForX64(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(MACHINE_OFFSET + 1);
            return head.length == MACHINE_OFFSET + 1
                    && Arrays.equals(head, 0, ELF_64.length, ELF_64, 0, ELF_64.length)
                    && head[MACHINE_OFFSET] == X86_64;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * How long the file must be to hold all that its headers tell of: segments and the table of sections, which linkers write last. 0 where it is too short to have the headers of a library.
     *
     * @throws NativeUnavailableException if it cannot be read
     */
    static long declaredBytes(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer header = read(channel, 0, HEADER_BYTES);
            long end = header.getLong(SECTIONS_OFFSET)
                    + (long) header.getShort(SECTION_BYTES_OFFSET) * header.getShort(SECTIONS_COUNT_OFFSET);
            int count = header.getShort(SEGMENTS_COUNT_OFFSET);
            for (int i = 0; i < count; i++) {
                long at = header.getLong(SEGMENTS_OFFSET) + (long) i * header.getShort(SEGMENT_BYTES_OFFSET);
                ByteBuffer segment = read(channel, at, SEGMENT_HEADER_BYTES);
                end = Math.max(end, segment.getLong(SEGMENT_START) + segment.getLong(SEGMENT_LENGTH));
            }
            return end;
        } catch (IOException | IllegalArgumentException e) {
            // Headers without sense give places before the file's beginning.
            throw new NativeUnavailableException(
                    file + " cannot be read (" + e + ")", "a readable file", "check its permissions", e);
        }
    }

    /** Bytes of the file; zeros are behind its end. */
    private static ByteBuffer read(FileChannel channel, long at, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) > 0) {
            // Until it is full or the file ends.
        }
        return buffer;
    }
}
