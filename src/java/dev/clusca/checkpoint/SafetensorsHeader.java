package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import dev.clusca.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * The JSON header of a safetensors file, checked: {@code {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, .., "__metadata__": {"key": "text"}}}.
 *
 * @param entries the tensors by name, in the header's order
 * @param metadata the free texts of {@code __metadata__}
 */
record SafetensorsHeader(SequencedMap<String, Entry> entries, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";

    /** The published limit on a header's length, in bytes. */
    static final long LONGEST = 100_000_000;

    /** Keeps a lying header from filling memory with one shape. */
    private static final int MOST_EXTENTS = 64;

    /**
     * One tensor.
     *
     * @param begin first byte, counted from the end of the header
     * @param end the byte after the last
     */
    record Entry(StoredType type, Shape shape, long begin, long end) {}

    /**
     * Reads a header and checks it as the format demands: known types, byte ranges that fit the shapes, and that together cover the data without overlap or hole.
     *
     * @param utf8 the header's text, trailing spaces allowed
     * @param dataBytes bytes of the file after the header
     * @param file what to call the file in errors
     * @throws CheckpointException if anything is wrong
     */
    static SafetensorsHeader parse(byte[] utf8, long dataBytes, String file) {
        Parsing parsing = new Parsing(file);
        if (utf8.length == 0 || utf8[0] != '{') {
            throw parsing.wrong("its header does not begin with '{'");
        }
        SafetensorsHeader header;
        try (JsonParser json = Json.FACTORY.createParser(ObjectReadContext.empty(), parsing.decode(utf8))) {
            header = parsing.header(json);
        } catch (JacksonException e) {
            throw parsing.wrong("its header is not valid JSON: " + Json.describe(e), e);
        }
        parsing.checkCoverage(header.entries, dataBytes);
        return header;
    }

    /** The walk over one header's tokens. */
    private record Parsing(String file) {

        SafetensorsHeader header(JsonParser json) {
            SequencedMap<String, Entry> entries = new LinkedHashMap<>();
            @Nullable Map<String, String> metadata = null;
            json.nextToken();
            for (String name = json.nextName(); name != null; name = json.nextName()) {
                if (name.equals(METADATA)) {
                    if (metadata != null) {
                        throw wrong("its header names " + METADATA + " twice");
                    }
                    metadata = metadata(json);
                } else if (entries.put(name, entry(json, name)) != null) {
                    throw wrong("its header names tensor " + quote(name) + " twice");
                }
            }
            if (json.nextToken() != null) {
                throw wrong("its header goes on after the closing '}'; only spaces may follow");
            }
            return new SafetensorsHeader(
                    Collections.unmodifiableSequencedMap(entries),
                    metadata == null ? Map.of() : Collections.unmodifiableMap(metadata));
        }

        private Map<String, String> metadata(JsonParser json) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(METADATA + " is not an object of texts");
            }
            Map<String, String> texts = new LinkedHashMap<>();
            for (String key = json.nextName(); key != null; key = json.nextName()) {
                if (json.nextToken() != JsonToken.VALUE_STRING) {
                    throw wrong(METADATA + " has " + quote(key)
                            + ", which is not a text; the format allows only texts there");
                }
                if (texts.put(key, json.getString()) != null) {
                    throw wrong(METADATA + " names " + quote(key) + " twice");
                }
            }
            return texts;
        }

        private Entry entry(JsonParser json, String name) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(
                        "tensor " + quote(name) + " is not described by an object with dtype, shape and data_offsets");
            }
            @Nullable String type = null;
            long @Nullable [] dims = null;
            long @Nullable [] range = null;
            for (String key = json.nextName(); key != null; key = json.nextName()) {
                boolean repeated;
                switch (key) {
                    case "dtype" -> {
                        repeated = type != null;
                        type = text(json, name);
                    }
                    case "shape" -> {
                        repeated = dims != null;
                        dims = counts(json, name, key);
                    }
                    case "data_offsets" -> {
                        repeated = range != null;
                        range = counts(json, name, key);
                    }
                    default -> throw wrong("tensor " + quote(name) + " has the unknown field " + quote(key));
                }
                if (repeated) {
                    throw wrong("tensor " + quote(name) + " has " + key + " twice");
                }
            }
            if (type == null || dims == null || range == null) {
                String missing = type == null ? "dtype" : dims == null ? "shape" : "data_offsets";
                throw wrong("tensor " + quote(name) + " has no " + missing);
            }
            return entry(name, type, dims, range);
        }

        private Entry entry(String name, String typeName, long[] dims, long[] range) {
            StoredType type = StoredType.named(typeName);
            if (type == null) {
                throw wrong("tensor " + quote(name) + " has the unknown dtype " + quote(typeName) + "; known are "
                        + Arrays.toString(StoredType.values()));
            }
            if (range.length != 2 || range[0] > range[1]) {
                throw wrong("tensor " + quote(name) + " has data_offsets " + Arrays.toString(range)
                        + ", which are not [begin, end] with begin <= end");
            }
            Shape shape;
            long bits;
            try {
                shape = Shape.of(dims);
                bits = Math.multiplyExact(shape.elements(), type.bits());
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw wrong("tensor " + quote(name) + " has an impossible shape: " + e.getMessage(), e);
            }
            if (bits % 8 != 0 || bits / 8 != range[1] - range[0]) {
                throw wrong("tensor " + quote(name) + ", " + type + shape + ", needs "
                        + (bits % 8 == 0 ? bits / 8 + " bytes" : bits + " bits") + ", but its data_offsets "
                        + Arrays.toString(range) + " hold " + (range[1] - range[0]) + " bytes");
            }
            return new Entry(type, shape, range[0], range[1]);
        }

        private String text(JsonParser json, String name) {
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw wrong("tensor " + quote(name) + " has a dtype that is not a text");
            }
            return json.getString();
        }

        private long[] counts(JsonParser json, String name, String field) {
            if (json.nextToken() != JsonToken.START_ARRAY) {
                throw wrong("tensor " + quote(name) + " has a " + field + " that is not an array");
            }
            List<Long> counts = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
                        || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        || json.getLongValue() < 0) {
                    throw wrong("tensor " + quote(name) + " has a " + field
                            + " with an entry that is not a whole number from 0 to 2^63 - 1");
                }
                counts.add(json.getLongValue());
                if (counts.size() > MOST_EXTENTS) {
                    throw wrong(
                            "tensor " + quote(name) + " has a " + field + " of more than " + MOST_EXTENTS + " entries");
                }
            }
            return counts.stream().mapToLong(Long::longValue).toArray();
        }

        void checkCoverage(Map<String, Entry> entries, long dataBytes) {
            List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(entries.entrySet());
            inOrder.sort(Comparator.comparingLong(
                            (Map.Entry<String, Entry> e) -> e.getValue().begin())
                    .thenComparingLong(e -> e.getValue().end()));
            long covered = 0;
            String before = "the header";
            for (Map.Entry<String, Entry> tensor : inOrder) {
                Entry entry = tensor.getValue();
                if (entry.begin < covered) {
                    throw wrong("tensor " + quote(tensor.getKey()) + " begins at byte " + entry.begin
                            + " of the data and overlaps " + before + ", which ends at byte " + covered);
                }
                if (entry.begin > covered) {
                    throw wrong("bytes " + covered + " to " + (entry.begin - 1) + " of the data, between " + before
                            + " and tensor " + quote(tensor.getKey()) + ", belong to no tensor");
                }
                covered = entry.end;
                before = "tensor " + quote(tensor.getKey());
                if (covered > dataBytes) {
                    throw wrong(before + " ends at byte " + covered + " of the data, but the file holds only "
                            + dataBytes + " bytes of data: it is truncated (fetch it again), or its header lies");
                }
            }
            if (covered != dataBytes) {
                throw wrong("the last " + (dataBytes - covered) + " of its " + dataBytes
                        + " bytes of data belong to no tensor");
            }
        }

        /** Strict UTF-8: a JSON parser would also guess UTF-16 and UTF-32, which the format does not allow. */
        String decode(byte[] utf8) {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(utf8))
                        .toString();
            } catch (CharacterCodingException e) {
                throw wrong("its header is not UTF-8 text", e);
            }
        }

        CheckpointException wrong(String what) {
            return new CheckpointException(file + " is not a valid safetensors file: " + what);
        }

        private CheckpointException wrong(String what, Exception cause) {
            return new CheckpointException(file + " is not a valid safetensors file: " + what, cause);
        }
    }
}
