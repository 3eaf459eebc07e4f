package dev.clusca.cli.verify;

import dev.clusca.cases.Raw;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One file of reference values. A key that is missing, a number that is not finite, a setting that does not parse: an error that names the file and the key. */
final class GoldenFile implements AutoCloseable {
    private final Checkpoint values;
    private final String name;

    private GoldenFile(Checkpoint values, String name) {
        this.values = values;
        this.name = name;
    }

    static GoldenFile open(Path file) {
        return new GoldenFile(Safetensors.open(file), file.toString());
    }

    List<String> keys() {
        return List.copyOf(values.names());
    }

    /** What stands before the last dot of the keys, each once. */
    List<String> groups() {
        return keys().stream()
                .filter(k -> k.lastIndexOf('.') > 0)
                .map(k -> k.substring(0, k.lastIndexOf('.')))
                .distinct()
                .toList();
    }

    /** A key with its tensor's shape, or alone if it is missing: the case that needs it will tell. */
    String describe(String key) {
        return has(key) ? key + shape(key) : key;
    }

    boolean has(String key) {
        return values.names().contains(key);
    }

    Shape shape(String key) {
        require(key);
        return values.shape(key);
    }

    /** All numbers of a tensor, which are finite. */
    float[] floats(String key) {
        require(key);
        float[] v = values.floats(key);
        for (int i = 0; i < v.length; i++) {
            if (!Float.isFinite(v[i])) {
                throw notFinite(key, i, v[i]);
            }
        }
        return v;
    }

    /** {@link #floats} in double precision. */
    double[] doubles(String key) {
        require(key);
        double[] v = values.doubles(key);
        for (int i = 0; i < v.length; i++) {
            if (!Double.isFinite(v[i])) {
                throw notFinite(key, i, v[i]);
            }
        }
        return v;
    }

    int[] ints(String key) {
        require(key);
        return values.ints(key);
    }

    /** {@link #ints(String)} of a tensor with at least {@code count} elements. */
    int[] ints(String key, int count) {
        int[] v = ints(key);
        if (v.length < count) {
            throw new GoldenException(
                    name + ": '" + key + "' has " + v.length + " elements; " + count + " were expected");
        }
        return v;
    }

    /** The first {@code count} of the outermost extent's elements. */
    float[] floats(String key, int count) {
        long whole = shape(key).rank() == 0 ? 0 : shape(key).dim(0);
        if (count > whole) {
            throw new GoldenException(
                    name + ": '" + key + "' has the shape " + shape(key) + "; at least " + count + " rows are needed");
        }
        float[] all = floats(key);
        return Arrays.copyOf(all, (int) (all.length / whole * count));
    }

    /** A tensor as the comparisons take it. */
    Raw raw(String key) {
        return Raw.of(DType.F32, floats(key));
    }

    Map<String, String> settings() {
        return values.metadata();
    }

    Optional<String> setting(String key) {
        return Optional.ofNullable(values.metadata().get(key));
    }

    double number(String key) {
        String text = required(key);
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new GoldenException(name + ": the metadata '" + key + "' is '" + text + "'; a number was expected");
        }
    }

    int integer(String key) {
        double v = number(key);
        if (v != Math.rint(v)) {
            throw new GoldenException(name + ": the metadata '" + key + "' is " + v + "; a whole number was expected");
        }
        return (int) v;
    }

    String source() {
        return name;
    }

    @Override
    public void close() {
        values.close();
    }

    private String required(String key) {
        return setting(key)
                .orElseThrow(() -> new GoldenException(name + ": the metadata has no '" + key + "'; it has "
                        + values.metadata().keySet()));
    }

    private void require(String key) {
        if (!has(key)) {
            throw new GoldenException(name + ": the key '" + key + "' is missing");
        }
    }

    private GoldenException notFinite(String key, int index, double value) {
        return new GoldenException(
                name + ": element " + index + " of '" + key + "' is " + value + "; golden values are finite");
    }
}
