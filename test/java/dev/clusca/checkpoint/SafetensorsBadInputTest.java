package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every broken file is refused with what was found and what was expected. */
class SafetensorsBadInputTest {
    private static final String X = "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @TempDir
    Path folder;

    /** One whole file, of which each case below spoils one thing. */
    @Test
    void theUnspoiltFileIsRead() throws IOException {
        try (Checkpoint read = Safetensors.open(file(SafetensorsBytes.of(
                "{" + X + ",\"y\":{\"shape\":[],\"data_offsets\":[8,10],\"dtype\":\"F16\"}}   ", new byte[10])))) {
            assertThat(read.names()).containsExactly("x", "y");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]|does not begin with '{'",
                "` {}`|does not begin with '{'",
                "{|not valid JSON",
                "{}x|not valid JSON",
                "{} {}|goes on after the closing '}'",
                "{\"x\":3}|'x' is not described by an object",
                "{\"x\":null}|'x' is not described by an object",
                "{\"x\":{}}|'x' has no dtype",
                "{\"x\":{\"dtype\":\"F32\"}}|'x' has no shape",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[]}}|'x' has no data_offsets",
                "{\"x\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,4]}}|unknown dtype 'F33'; known are [F32, BF16,",
                "{\"x\":{\"dtype\":32,\"shape\":[],\"data_offsets\":[0,4]}}|dtype that is not a text",
                "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}|'x' has dtype twice",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[],\"shape\":[],\"data_offsets\":[0,4]}}|'x' has shape twice",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"data_offsets\":[0,4]}}|'x' has data_offsets twice",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"strides\":[]}}|unknown field 'strides'",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}|shape that is not an array",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}|not a whole number from 0",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}|not a whole number from 0",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}|not a whole number from 0",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}|not a whole number from 0",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[NaN],\"data_offsets\":[0,4]}}|not valid JSON",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}|not a whole number from 0",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,4]}}|impossible shape",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}|impossible shape",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}|not [begin, end]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}|not [begin, end]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}|not [begin, end]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}|F32[1], needs 4 bytes, but its data_offsets [0, 8] hold 8 bytes",
                "{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}|F4[3], needs 12 bits",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|names tensor 'x' twice",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|'y' begins at byte 4 of the data and overlaps tensor 'x', which ends at byte 8",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[6,8]}}|bytes 4 to 5 of the data, between tensor 'x' and tensor 'y', belong to no tensor",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|bytes 0 to 3 of the data, between the header and tensor 'x'",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|the last 4 of its 8 bytes of data belong to no tensor",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}|ends at byte 12 of the data, but the file holds only 8",
                "{\"__metadata__\":[],\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|__metadata__ is not an object",
                "{\"__metadata__\":{\"steps\":50},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|'steps', which is not a text",
                "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|__metadata__ names 'a' twice",
                "{\"__metadata__\":{},\"__metadata__\":{},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|names __metadata__ twice",
            })
    void headers(String header, String error) throws IOException {
        refused(SafetensorsBytes.of(header, new byte[8]), error);
    }

    @Test
    void anEmptyFile() throws IOException {
        refused(new byte[0], "it has 0 bytes, fewer than the 8");
        refused(new byte[7], "it has 7 bytes");
    }

    @Test
    void anEmptyHeader() throws IOException {
        refused(new byte[8], "does not begin with '{'");
    }

    @Test
    void aHeaderLongerThanTheFile() throws IOException {
        refused(
                SafetensorsBytes.of(1000, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]),
                "its header should have 1000 bytes, but only 2 follow");
    }

    @Test
    void aHeaderLongerThanTheFormatAllows() throws IOException {
        refused(
                SafetensorsBytes.of(100_000_001, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]),
                "the header has 100000001 bytes, and the format allows 100000000");
        refused(
                SafetensorsBytes.of(-1, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]),
                "the header has 18446744073709551615 bytes");
    }

    @Test
    void aHeaderThatIsNotUtf8() throws IOException {
        byte[] header = ("{" + X + "}").getBytes(StandardCharsets.UTF_8);
        header[2] = (byte) 0xff;
        refused(SafetensorsBytes.of(header.length, header, new byte[8]), "not UTF-8");
        byte[] wide = ("{" + X + "}").getBytes(StandardCharsets.UTF_16LE);
        refused(SafetensorsBytes.of(wide.length, wide, new byte[8]), "not valid JSON");
    }

    @Test
    void deepNesting() throws IOException {
        refused(
                SafetensorsBytes.of("{\"x\":" + "[".repeat(1_000_000), new byte[8]),
                "'x' is not described by an object");
        refused(
                SafetensorsBytes.of("{\"x\":{\"dtype\":\"F32\",\"shape\":" + "[".repeat(1_000_000), new byte[8]),
                "not a whole number");
    }

    @Test
    void aShapeThatFillsMemory() throws IOException {
        refused(
                SafetensorsBytes.of(
                        "{\"x\":{\"dtype\":\"F32\",\"shape\":[" + "1,".repeat(3_000_000)
                                + "1],\"data_offsets\":[0,4]}}",
                        new byte[4]),
                "shape of more than 64 entries");
    }

    @Test
    void namesAreShownOnOneShortLine() throws IOException {
        String name = "a\\n\\u001b[31m" + "n".repeat(1000);
        assertThatThrownBy(() -> Safetensors.open(file(SafetensorsBytes.of("{\"" + name + "\":3}", new byte[0]))))
                .hasMessageContaining("'a??[31mnnn")
                .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1).hasSizeLessThan(600));
    }

    /** Every prefix of a valid file is refused, and says that the file is truncated or too short. */
    @Test
    void everyTruncation() throws IOException {
        byte[] whole = SafetensorsBytes.of("{" + X + "}", new byte[8]);
        for (int length = 0; length < whole.length; length++) {
            Path file = file(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Safetensors.open(file))
                    .as("%d bytes", length)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("file.safetensors is not a valid");
        }
    }

    private void refused(byte[] bytes, String error) throws IOException {
        Path file = file(bytes);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("file.safetensors is not a valid safetensors file: ")
                .hasMessageContaining(error);
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("file.safetensors"), bytes);
    }
}
