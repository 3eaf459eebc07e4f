package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The JDK's PNG reader must see the pixels that were written; checksums, which it skips, are computed here. */
class PngTest {
    static Stream<Picture> pictures() {
        Random random = new Random(42);
        byte[] across = new byte[3 * 40 * 30];
        byte[] down = new byte[3 * 40 * 30];
        for (int i = 0; i < across.length; i++) {
            across[i] = (byte) (i % 120 * 2);
            down[i] = (byte) (i / 120 * 8 + random.nextInt(255) / 254);
        }
        return Stream.of(
                Pictures.solid(1, 1, 0x8040ff),
                Pictures.solid(7, 3, 0),
                Pictures.noise(1, 97, random),
                Pictures.noise(97, 1, random),
                Pictures.noise(200, 128, random), // more compressed bytes than one block of the deflater
                Picture.of(40, 30, across), // best by the row's own neighbours
                Picture.of(40, 30, down)); // best by the row above
    }

    private static final String EIGHTY =
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    @Test
    void textsComeBackInTheOrderOfTheirKeywords(@TempDir Path folder) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("policy", "clusca:interval=5,gamma=0.005");
        texts.put("a keyword", "Ångström, 雪, and two\nlines");
        texts.put("x".repeat(79), "");
        texts.put("Software", "clusca");
        Path file = folder.resolve("x.png");
        Png.write(Pictures.solid(3, 2, 0x123456), texts, file);
        assertThat(PngTexts.of(file)).containsExactlyEntriesOf(new TreeMap<>(texts));
        assertThat(PngReader.read(file)).isEqualTo(Pictures.solid(3, 2, 0x123456));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " a", "a ", "a  b", "é", "a\0b", EIGHTY})
    void aKeywordThatNoReaderTakesIsRefused(String keyword, @TempDir Path folder) {
        Path file = folder.resolve("x.png");
        assertThatThrownBy(() -> Png.write(Pictures.solid(1, 1, 0), Map.of(keyword, "text"), file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has the keyword \"" + keyword + "\"; expected 1 to 79 characters");
        assertThat(file).doesNotExist();
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void isReadBackEqual(Picture picture) throws IOException {
        BufferedImage read = ImageIO.read(new ByteArrayInputStream(encode(picture)));

        assertThat(read.getWidth()).isEqualTo(picture.width());
        assertThat(read.getHeight()).isEqualTo(picture.height());
        assertThat(read.getColorModel().getNumComponents()).isEqualTo(3);
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                int expected = picture.value(x, y, 0) << 16 | picture.value(x, y, 1) << 8 | picture.value(x, y, 2);
                assertThat(read.getRGB(x, y) & 0xffffff)
                        .as("pixel %d, %d", x, y)
                        .isEqualTo(expected);
            }
        }
    }

    /** ISO/IEC 15948, 5.3: a length, and a CRC-32 of the type and the data. */
    @Test
    void everyChunkHasItsLengthAndChecksum() throws IOException {
        ByteBuffer png = ByteBuffer.wrap(encode(Pictures.noise(200, 128, new Random(1))));
        png.position(8);
        List<String> types = new ArrayList<>();
        while (png.hasRemaining()) {
            byte[] data = new byte[4 + png.getInt()];
            png.get(data);
            types.add(new String(data, 0, 4, StandardCharsets.US_ASCII));
            CRC32 crc = new CRC32();
            crc.update(data);
            assertThat(png.getInt()).as(types.getLast()).isEqualTo((int) crc.getValue());
        }
        assertThat(types).containsExactly("IHDR", "IDAT", "IEND");
    }

    @Test
    void choosesFiltersThatShrinkGradients() throws IOException {
        byte[] rgb = new byte[3 * 64 * 64];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % 64;
            int y = i / 192;
            rgb[i] = (byte) (x * x / 16 + 3 * y);
        }

        assertThat(encode(Picture.of(64, 64, rgb)).length).isLessThan(700);
    }

    @Test
    void replacesAFileAndLeavesNothingBeside(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("x.png");
        Files.writeString(file, "old");

        Png.write(Pictures.solid(5, 5, 0x123456), file);

        assertThat(ImageIO.read(file.toFile()).getRGB(4, 4) & 0xffffff).isEqualTo(0x123456);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void saysWhyAFileCannotBeWritten(@TempDir Path folder) {
        assertThatThrownBy(() -> Png.write(Pictures.solid(5, 5, 0), folder.resolve("none/x.png")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot write")
                .hasMessageContaining("does not exist");
    }

    private static byte[] encode(Picture picture) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Png.write(picture, out);
        return out.toByteArray();
    }
}
