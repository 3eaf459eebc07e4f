package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PngReaderTest {
    @TempDir
    Path folder;

    @Test
    void readsWhatPngWrites() throws IOException {
        for (int[] size : new int[][] {{1, 1}, {3, 7}, {64, 32}, {257, 5}}) {
            for (int kind = 0; kind < 3; kind++) {
                Picture picture = picture(size[0], size[1], kind);
                Path file = folder.resolve("x.png");
                Png.write(picture, file);
                assertThat(PngReader.read(file)).isEqualTo(picture);
            }
        }
    }

    /** The JDK's writer uses all five filters. */
    @Test
    void readsWhatOthersWrite() throws IOException {
        Picture picture = picture(120, 80, 1);
        BufferedImage image = new BufferedImage(120, 80, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 80; y++) {
            for (int x = 0; x < 120; x++) {
                image.setRGB(x, y, picture.value(x, y, 0) << 16 | picture.value(x, y, 1) << 8 | picture.value(x, y, 2));
            }
        }
        Path file = folder.resolve("x.png");
        ImageIO.write(image, "png", file.toFile());
        assertThat(PngReader.read(file)).isEqualTo(picture);
    }

    @Test
    void aDamagedFileIsRefusedByName() throws IOException {
        Path file = folder.resolve("x.png");
        Png.write(picture(20, 20, 2), file);
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            byte[] bad = i % 4 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            if (i % 4 != 0) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            assertThatThrownBy(() -> PngReader.parse(bad)).isInstanceOf(DataFormatException.class);
        }
        Files.write(file, Arrays.copyOf(good, 100));
        assertThatThrownBy(() -> PngReader.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("delete it and run again");
    }

    @Test
    void otherKindsOfPngAreRefused() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY), "png", out);
        assertThatThrownBy(() -> PngReader.parse(out.toByteArray()))
                .hasMessageContaining("not 8-bit RGB without interlacing");
    }

    /** Flat, smooth with noise, or noise. */
    private static Picture picture(int width, int height, int kind) {
        Random random = new Random(kind);
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte)
                    switch (kind) {
                        case 0 -> 200;
                        case 1 -> i / 3 % width + i / 3 / width + random.nextInt(3);
                        default -> random.nextInt(256);
                    };
        }
        return Picture.of(width, height, rgb);
    }
}
