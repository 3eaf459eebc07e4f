package dev.clusca.pipeline;

import dev.clusca.checkpoint.AtomicFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes pictures as the samples that the evaluation suite of guided diffusion (ADM) reads: a NumPy {@code .npz} whose {@code arr_0} is uint8 {@code [N, H, W, 3]}, stored without
 * compression as {@code numpy.savez} does. The same pictures give the same bytes; more than 4 GiB are fine.
 */
public final class Npz {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    /** NumPy's data begins at a multiple of this. */
    private static final int ALIGNMENT = 64;

    /** The earliest that a zip archive can hold: the time of writing is no part of the contents. */
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

    private Npz() {}

    /** Where the pictures come from; asked twice for each, since an archive begins with its checksum. */
    @FunctionalInterface
    public interface Pictures {
        Picture get(int number) throws IOException;
    }

    /**
     * Writes a file beside the target and moves it there: a failure leaves no partial file.
     *
     * @param count number of pictures N, at least 1; all of one size
     * @throws IllegalArgumentException if the pictures differ in size
     */
    public static void write(Path file, int count, Pictures pictures) throws IOException {
        if (count < 1) {
            throw new IllegalArgumentException("an array of samples has at least 1 picture, got " + count);
        }
        Picture first = pictures.get(0);
        byte[] header = header(count, first.height(), first.width());
        CRC32 crc = new CRC32();
        crc.update(header);
        for (int i = 0; i < count; i++) {
            crc.update(pixels(pictures, i, first));
        }
        AtomicFile.write(file, channel -> {
            OutputStream buffered = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 20);
            ZipOutputStream zip = new ZipOutputStream(buffered);
            ZipEntry entry = new ZipEntry("arr_0.npy");
            entry.setMethod(ZipEntry.STORED);
            entry.setTimeLocal(EPOCH);
            entry.setSize(header.length + (long) count * 3 * first.width() * first.height());
            entry.setCrc(crc.getValue());
            zip.putNextEntry(entry);
            zip.write(header);
            for (int i = 0; i < count; i++) {
                zip.write(pixels(pictures, i, first));
            }
            zip.closeEntry();
            zip.finish();
            buffered.flush();
        });
    }

    private static byte[] pixels(Pictures pictures, int number, Picture first) throws IOException {
        Picture picture = pictures.get(number);
        if (picture.width() != first.width() || picture.height() != first.height()) {
            throw new IllegalArgumentException("pictures of one array have the same size; number 0 is a " + first
                    + ", number " + number + " a " + picture);
        }
        return picture.pixels();
    }

    /** Version 1.0 of NumPy's format: a Python dictionary, padded with spaces to a line end. */
    private static byte[] header(int count, int height, int width) {
        String text = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + count + ", " + height + ", " + width
                + ", 3), }";
        int whole = Math.ceilDiv(MAGIC.length + Short.BYTES + text.length() + 1, ALIGNMENT) * ALIGNMENT;
        String padded = text + " ".repeat(whole - MAGIC.length - Short.BYTES - text.length() - 1) + "\n";
        return ByteBuffer.allocate(whole)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putShort((short) padded.length())
                .put(padded.getBytes(StandardCharsets.US_ASCII))
                .array();
    }
}
