package dev.clusca.pipeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Reads back the PNG files that {@link Png} writes: 8-bit RGB, not interlaced (ISO/IEC 15948). */
public final class PngReader {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int BYTES_PER_PIXEL = 3;
    private static final int LARGEST_SIDE = 1 << 15;
    private static final int IHDR = 0x49484452;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454e44;

    private PngReader() {}

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read, is damaged, or is of another kind than {@link Png} writes; the message names it
     */
    public static Picture read(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        try {
            return parse(bytes);
        } catch (DataFormatException e) {
            throw new IOException(
                    file + " is not a PNG file as clusca writes them: " + e.getMessage()
                            + "; delete it and run again, and it is made anew",
                    e);
        }
    }

    /** The picture in a PNG's bytes. */
    static Picture parse(byte[] bytes) throws DataFormatException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        require(
                bytes.length > SIGNATURE.length && Arrays.equals(bytes, 0, 8, SIGNATURE, 0, 8),
                "it does not begin as a PNG");
        in.position(SIGNATURE.length);
        int width = 0;
        int height = 0;
        byte[] filtered = new byte[0];
        int filled = 0;
        try (Inflater inflater = new Inflater()) {
            while (true) {
                require(in.remaining() >= 12, "it ends before its last chunk");
                int length = in.getInt();
                int type = in.getInt();
                require(length >= 0 && length <= in.remaining() - 4, "a chunk is longer than the file");
                int at = in.position();
                CRC32 crc = new CRC32();
                crc.update(bytes, at - 4, length + 4);
                in.position(at + length);
                require(in.getInt() == (int) crc.getValue(), "the checksum of a chunk is wrong");
                if (type == IHDR) {
                    require(length == 13 && width == 0, "its header is wrong");
                    width = ByteBuffer.wrap(bytes, at, 4).getInt();
                    height = ByteBuffer.wrap(bytes, at + 4, 4).getInt();
                    require(
                            width >= 1
                                    && width <= LARGEST_SIDE
                                    && height >= 1
                                    && height <= LARGEST_SIDE
                                    && (BYTES_PER_PIXEL * (long) width + 1) * height <= Integer.MAX_VALUE - 8,
                            "its size is " + width + " x " + height);
                    require(
                            Arrays.equals(bytes, at + 8, at + 13, new byte[] {8, 2, 0, 0, 0}, 0, 5),
                            "it is not 8-bit RGB without interlacing");
                    filtered = new byte[(BYTES_PER_PIXEL * width + 1) * height];
                } else if (type == IDAT) {
                    require(width > 0, "pixels come before the header");
                    inflater.setInput(bytes, at, length);
                    int got;
                    do {
                        got = inflater.inflate(filtered, filled, filtered.length - filled);
                        filled += got;
                    } while (got > 0);
                } else if (type == IEND) {
                    require(width > 0 && filled == filtered.length, "it has fewer pixels than its header says");
                    return Picture.of(width, height, unfilter(filtered, width, height));
                }
            }
        }
    }

    private static byte[] unfilter(byte[] filtered, int width, int height) throws DataFormatException {
        int row = width * BYTES_PER_PIXEL;
        byte[] rgb = new byte[row * height];
        for (int y = 0; y < height; y++) {
            int filter = filtered[y * (row + 1)];
            require(filter >= 0 && filter <= 4, "a row has the filter " + filter);
            for (int i = 0; i < row; i++) {
                int left = i < BYTES_PER_PIXEL ? 0 : rgb[y * row + i - BYTES_PER_PIXEL] & 0xff;
                int up = y == 0 ? 0 : rgb[(y - 1) * row + i] & 0xff;
                int corner = i < BYTES_PER_PIXEL || y == 0 ? 0 : rgb[(y - 1) * row + i - BYTES_PER_PIXEL] & 0xff;
                int expected = switch (filter) {
                    case 0 -> 0;
                    case 1 -> left;
                    case 2 -> up;
                    case 3 -> (left + up) / 2;
                    default -> paeth(left, up, corner);
                };
                rgb[y * row + i] = (byte) (filtered[y * (row + 1) + 1 + i] + expected);
            }
        }
        return rgb;
    }

    /** Of the three neighbours the one that is nearest to left + up - corner. */
    private static int paeth(int left, int up, int corner) {
        int estimate = left + up - corner;
        int toLeft = Math.abs(estimate - left);
        int toUp = Math.abs(estimate - up);
        int toCorner = Math.abs(estimate - corner);
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    private static void require(boolean good, String otherwise) throws DataFormatException {
        if (!good) {
            throw new DataFormatException(otherwise);
        }
    }
}
