package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Spoilt files are either read, wholly within their bytes, or refused with a message: never another exception, a hang or a crash. */
class SafetensorsFuzzTest {
    private static final int CASES = 10_000;

    /** What tends to break parsers: limits of integer types, other notations, structure in the wrong place. */
    private static final List<String> WORDS = List.of(
            "-1",
            "0",
            "1",
            "4",
            "8",
            "2147483647",
            "2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "1e400",
            "1e3",
            "0x10",
            "NaN",
            "Infinity",
            "-0",
            "00",
            "null",
            "true",
            "\"F32\"",
            "\"I64\"",
            "\"BOOL\"",
            "\"F4\"",
            "\"\"",
            "[",
            "]",
            "{",
            "}",
            "[]",
            "{}",
            ",",
            ":",
            "\"dtype\"",
            "\"shape\"",
            "\"data_offsets\"",
            "\"__metadata__\"",
            "\"a\"",
            "\"\\ud800\"",
            "\\u0000",
            "/* */",
            "[[[[[[[[",
            "{\"a\":".repeat(80));

    @Test
    void spoiltFiles() {
        long seed = Long.getLong("clusca.seed", new Random().nextLong());
        System.out.println("SafetensorsFuzzTest seed " + seed + " (rerun with -Dclusca.seed=" + seed + ")");
        int[] read = new int[1];
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            for (int i = 0; i < CASES; i++) {
                Random random = new Random(seed + i);
                byte[] bytes = spoil(valid(random), random);
                try {
                    read[0] += open(bytes) ? 1 : 0;
                } catch (Exception | Error e) {
                    fail(
                            "case " + i + " of seed " + seed + " (rerun with -Dclusca.seed=" + seed + "), "
                                    + bytes.length + " bytes: " + e,
                            e);
                }
            }
        });
        // Both outcomes must occur, or the spoiling is too weak or too strong to test anything.
        assertThat(read[0]).as("files read of %d, seed %d", CASES, seed).isBetween(CASES / 100, CASES / 2);
    }

    /** Whether the file was read; every tensor that it then offers can be read to its last byte. */
    private static boolean open(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            Checkpoint read =
                    Safetensors.of("fuzz.safetensors", null, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), arena);
            long total = 0;
            for (String name : read.names()) {
                try {
                    Tensor tensor = read.tensor(name);
                    assertThat(tensor.memory().byteSize()).isEqualTo(tensor.bytes());
                    total += tensor.bytes();
                    if (tensor.dtype() == DType.I32 || tensor.dtype() == DType.I64) {
                        readInts(read, name);
                    } else {
                        assertThat(read.doubles(name))
                                .hasSize((int) tensor.shape().elements());
                    }
                } catch (CheckpointException e) {
                    assertThat(e.getMessage()).contains("which clusca does not read");
                }
            }
            assertThat(total).isLessThanOrEqualTo(bytes.length);
            return true;
        } catch (CheckpointException e) {
            assertThat(e.getMessage()).contains("fuzz.safetensors").hasSizeBetween(40, 2000);
            return false;
        }
    }

    private static void readInts(Checkpoint read, String name) {
        try {
            assertThat(read.ints(name)).hasSize((int) read.shape(name).elements());
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).contains("does not fit 32 bits");
        }
    }

    private static byte[] valid(Random random) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            long[] dims = random.longs(random.nextInt(4), 0, 4).toArray();
            DType dtype = DType.values()[random.nextInt(DType.values().length)];
            tensors.put(
                    String.valueOf((char) ('a' + i)),
                    SafetensorsTest.tensor(dtype, Shape.of(dims), b -> random.nextBytes(b.array())));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new SafetensorsWriter(tensors, random.nextBoolean() ? Map.of() : Map.of("k", "v", "w", ""))
                .writeTo(Channels.newChannel(bytes));
        return bytes.toByteArray();
    }

    private static byte[] spoil(byte[] whole, Random random) {
        int headerEnd = 8 + header(whole).length;
        byte[] bytes = whole;
        for (int times = 1 + random.nextInt(3); times > 0; times--) {
            bytes = switch (random.nextInt(8)) {
                case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                case 1 -> Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(16));
                case 2 -> flip(bytes, random, bytes.length);
                case 3 -> flip(bytes, random, 8);
                case 4 -> flip(bytes, random, headerEnd);
                case 5 -> cut(bytes, random);
                default -> withWord(bytes, random);
            };
        }
        return bytes;
    }

    private static byte[] flip(byte[] bytes, Random random, int within) {
        byte[] out = bytes.clone();
        int limit = Math.min(within, out.length);
        if (limit > 0) {
            out[random.nextInt(limit)] ^= (byte) (1 << random.nextInt(8));
        }
        return out;
    }

    /** Takes some bytes out of the header, and mends its length so that the parser is reached. */
    private static byte[] cut(byte[] bytes, Random random) {
        int length = header(bytes).length;
        int from = random.nextInt(length + 1);
        int to = Math.min(length, from + random.nextInt(12));
        return splice(bytes, from, to, "");
    }

    /** Puts a word in the place of a token of the header, or between two, and mends the header's length. */
    private static byte[] withWord(byte[] bytes, Random random) {
        String header = new String(header(bytes), StandardCharsets.ISO_8859_1);
        List<MatchResult> tokens = Pattern.compile("\"[^\"]*\"|\\d+|[\\[\\]{},:]")
                .matcher(header)
                .results()
                .toList();
        if (tokens.isEmpty()) {
            return bytes;
        }
        var token = tokens.get(random.nextInt(tokens.size()));
        String word = WORDS.get(random.nextInt(WORDS.size()));
        return splice(bytes, random.nextInt(4) == 0 ? token.end() : token.start(), token.end(), word);
    }

    private static byte[] header(byte[] bytes) {
        if (bytes.length < 8) {
            return new byte[0];
        }
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        return length < 0 || length > bytes.length - 8 ? new byte[0] : Arrays.copyOfRange(bytes, 8, 8 + (int) length);
    }

    private static byte[] splice(byte[] bytes, int from, int to, String word) {
        byte[] header = header(bytes);
        if (header.length == 0) {
            return bytes;
        }
        String text = new String(header, StandardCharsets.ISO_8859_1);
        byte[] spliced = (text.substring(0, from) + word + text.substring(to)).getBytes(StandardCharsets.ISO_8859_1);
        return SafetensorsBytes.of(spliced.length, spliced, Arrays.copyOfRange(bytes, 8 + header.length, bytes.length));
    }
}
