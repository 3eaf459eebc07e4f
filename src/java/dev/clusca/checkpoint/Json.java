package dev.clusca.checkpoint;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * JSON text to and from plain Java values: {@link Map} (in order), {@link List}, {@link String}, {@link Long}, {@link Double}, {@link Boolean}, null. A key that occurs
 * twice in an object is an error.
 */
public final class Json {
    /** Names in safetensors headers are arbitrary: interning them, or caching them across files, would only fill memory. */
    static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(64).build())
            .build();

    private static final long LARGEST_FILE = 16 << 20;

    private Json() {}

    /**
     * The value that a file holds.
     *
     * @throws CheckpointException if the file cannot be read, is larger than 16 MiB or is not JSON
     */
    public static @Nullable Object read(Path file) {
        try {
            long size = Files.size(file);
            if (size > LARGEST_FILE) {
                throw new CheckpointException(file + " has " + size
                        + " bytes, too many for a JSON file of settings (at most " + LARGEST_FILE + ")");
            }
            return parse(Files.readString(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + " does not exist", e);
        } catch (IOException e) {
            throw new CheckpointException(file + " cannot be read: " + FileFailure.reason(e), e);
        }
    }

    /**
     * The value of a JSON text.
     *
     * @param source what to call the text in errors
     * @throws CheckpointException if the text is not one JSON value
     */
    public static @Nullable Object parse(String text, String source) {
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            if (json.nextToken() == null) {
                throw new CheckpointException(source + " is not valid JSON: it is empty");
            }
            Object value = value(json, source);
            if (json.nextToken() != null) {
                throw new CheckpointException(source + " is not valid JSON: text follows the value");
            }
            return value;
        } catch (JacksonException e) {
            throw new CheckpointException(source + " is not valid JSON: " + describe(e), e);
        }
    }

    private static @Nullable Object value(JsonParser json, String source) {
        return switch (json.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> object = new LinkedHashMap<>();
                for (String key = json.nextName(); key != null; key = json.nextName()) {
                    if (object.containsKey(key)) {
                        throw new CheckpointException(
                                source + " has the key " + CheckpointException.quote(key) + " twice in one object");
                    }
                    json.nextToken();
                    object.put(key, value(json, source));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<@Nullable Object> array = new ArrayList<>();
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(json, source));
                }
                yield array;
            }
            case VALUE_STRING -> json.getString();
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new CheckpointException(source + " is not valid JSON: unexpected " + json.currentToken());
        };
    }

    /**
     * A value as JSON text on one line.
     *
     * @throws IllegalArgumentException for a value that JSON does not have: another class, a NaN, an infinity
     */
    public static String text(@Nullable Object value) {
        return write(value, ObjectWriteContext.empty());
    }

    /** A value as JSON text for people, indented by two spaces, ending with a line end. Errors as {@link #text}. */
    public static String pretty(@Nullable Object value) {
        return write(value, new Indented()) + "\n";
    }

    private static String write(@Nullable Object value, ObjectWriteContext context) {
        StringWriter out = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(context, out)) {
            write(json, value);
        }
        return out.toString();
    }

    private static void write(JsonGenerator json, @Nullable Object value) {
        switch (value) {
            case null -> json.writeNull();
            case Map<?, ?> object -> {
                json.writeStartObject();
                object.forEach((key, element) -> {
                    json.writeName(String.valueOf(key));
                    write(json, element);
                });
                json.writeEndObject();
            }
            case List<?> array -> {
                json.writeStartArray();
                array.forEach(element -> write(json, element));
                json.writeEndArray();
            }
            case String text -> json.writeString(text);
            case Boolean flag -> json.writeBoolean(flag);
            case Integer number -> json.writeNumber(number);
            case Long number -> json.writeNumber(number);
            case Float number when Float.isFinite(number) -> json.writeNumber(number);
            case Double number when Double.isFinite(number) -> json.writeNumber(number);
            default ->
                throw new IllegalArgumentException("JSON has no form for " + value + " of " + value.getClass()
                        + "; use maps, lists, texts, finite numbers, booleans and null");
        }
    }

    /** What a JSON library found wrong, on one line, with the place. */
    static String describe(JacksonException e) {
        String what = e.getOriginalMessage()
                .lines()
                .findFirst()
                .orElse("unreadable")
                .replaceFirst(" \\(start marker at \\[Source.*]\\)", "");
        var place = e.getLocation();
        return place == null || place.getLineNr() < 0
                ? what
                : what + " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")";
    }

    private static final class Indented extends ObjectWriteContext.Base {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            return new DefaultPrettyPrinter();
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    }
}
