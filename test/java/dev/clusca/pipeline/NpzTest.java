package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
    @TempDir
    Path folder;

    /** By the published format: magic, version, length of the header, a dictionary that ends at a multiple of 64, the array. */
    @Test
    void isAnArrayOfBytesAsNumPyReadsIt() throws IOException {
        Picture[] pictures = {picture(5, 3, 1), picture(5, 3, 2), picture(5, 3, 3)};
        Path file = folder.resolve("x.npz");
        Npz.write(file, pictures.length, i -> pictures[i]);

        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.stream().map(ZipEntry::getName)).containsExactly("arr_0.npy");
            ZipEntry entry = zip.getEntry("arr_0.npy");
            assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
            assertThat(entry.getTimeLocal())
                    .as("the same bytes at any time")
                    .isEqualTo(LocalDateTime.of(1980, 1, 1, 0, 0));
            byte[] array = zip.getInputStream(entry).readAllBytes();
            assertThat(Arrays.copyOf(array, 8)).isEqualTo(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
            int length = (array[8] & 0xff) | (array[9] & 0xff) << 8;
            assertThat((10 + length) % 64).isZero();
            String header = new String(array, 10, length, StandardCharsets.US_ASCII);
            assertThat(header)
                    .startsWith("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3, 5, 3), }")
                    .endsWith(" \n");
            assertThat(array).hasSize(10 + length + 3 * 45);
            for (int i = 0; i < 3; i++) {
                assertThat(Arrays.copyOfRange(array, 10 + length + i * 45, 10 + length + (i + 1) * 45))
                        .isEqualTo(pictures[i].rgb());
            }
        }
    }

    @Test
    void theSamePicturesGiveTheSameBytes() throws IOException {
        Npz.write(folder.resolve("a.npz"), 2, i -> picture(4, 4, i));
        Npz.write(folder.resolve("b.npz"), 2, i -> picture(4, 4, i));
        assertThat(folder.resolve("a.npz")).hasSameBinaryContentAs(folder.resolve("b.npz"));
    }

    @Test
    void aFailureLeavesNoFile() throws IOException {
        assertThatThrownBy(() -> Npz.write(folder.resolve("x.npz"), 2, i -> picture(4 + i, 4, i)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number 0 is a picture of 4 x 4 pixels, number 1 a picture of 5 x 4 pixels");
        int[] asked = {0};
        assertThatThrownBy(() -> Npz.write(folder.resolve("x.npz"), 2, i -> {
                    if (++asked[0] > 4) {
                        throw new IOException("gone");
                    }
                    return picture(4, 4, i);
                }))
                .isInstanceOf(IOException.class);
        assertThat(Files.list(folder)).isEmpty();
    }

    private static Picture picture(int width, int height, int seed) {
        byte[] rgb = new byte[3 * width * height];
        new Random(seed).nextBytes(rgb);
        return Picture.of(width, height, rgb);
    }
}
