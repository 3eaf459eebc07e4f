package dev.clusca.checkpoint;

import static dev.clusca.checkpoint.CheckpointException.quote;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint cut into safetensors files that lie side by side, as large models are published: an index, {@code {"metadata": {"total_size": bytes}, "weight_map": {"tensor":
 * "file"}}}, tells which file holds which tensor.
 */
final class ShardedSafetensors implements Checkpoint {
    /** How the name of an index ends. */
    static final String INDEX = ".safetensors.index.json";

    private static final int MOST_SHARDS = 4096;

    private final Path index;
    private final String source;
    private final SequencedMap<String, Checkpoint> tensors;
    private final Map<String, Checkpoint> shards;

    private ShardedSafetensors(Path index, SequencedMap<String, Checkpoint> tensors, Map<String, Checkpoint> shards) {
        this.index = index;
        this.source = index.toString();
        this.tensors = tensors;
        this.shards = shards;
    }

    /**
     * Opens every shard and holds index and shards against each other.
     *
     * @throws CheckpointException if the index is not one, a shard is missing or not valid, or they disagree about a tensor
     */
    static Checkpoint open(Path index) {
        String source = index.toString();
        Map<?, ?> map = Fields.of(Json.read(index), source).object("weight_map").values();
        Map<String, Checkpoint> shards = new LinkedHashMap<>();
        SequencedMap<String, Checkpoint> tensors = new LinkedHashMap<>();
        List<String> wrong = new ArrayList<>();
        try {
            map.forEach((name, file) -> {
                String tensor = String.valueOf(name);
                Checkpoint shard = shards.computeIfAbsent(fileName(file, tensor, source), f -> {
                    if (shards.size() >= MOST_SHARDS) {
                        throw new CheckpointException(source + " names more than " + MOST_SHARDS + " files");
                    }
                    return Safetensors.open(index.resolveSibling(f));
                });
                if (shard.names().contains(tensor)) {
                    tensors.put(tensor, shard);
                } else {
                    wrong.add(quote(tensor) + " is not in " + shard.source());
                }
            });
            shards.forEach((file, shard) -> shard.names().stream()
                    .filter(name -> tensors.get(name) != shard)
                    .forEach(name -> wrong.add(quote(name) + " is in " + file + ", where the index does not have it")));
            if (tensors.isEmpty() && wrong.isEmpty()) {
                wrong.add("its weight_map is empty");
            }
            if (!wrong.isEmpty()) {
                throw new CheckpointException(source + " does not belong to the files beside it: "
                        + String.join("; ", wrong) + "; fetch the index and all its files again");
            }
        } catch (RuntimeException e) {
            shards.values().forEach(Checkpoint::close);
            throw e;
        }
        return new ShardedSafetensors(index, Collections.unmodifiableSequencedMap(tensors), shards);
    }

    /** A plain name of a file beside the index: an index may not reach into other folders. */
    private static String fileName(@Nullable Object file, String tensor, String source) {
        if (!(file instanceof String name)) {
            throw new CheckpointException(
                    source + " has for " + quote(tensor) + " something that is not the name of a file");
        }
        if (!name.endsWith(".safetensors") || !name.matches("[A-Za-z0-9._-]+") || name.startsWith(".")) {
            throw new CheckpointException(source + " has for " + quote(tensor) + " the file " + quote(name)
                    + ", expected the plain name of a .safetensors file beside it");
        }
        return name;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public List<Path> files() {
        return Stream.concat(Stream.of(index), shards.values().stream().flatMap(shard -> shard.files().stream()))
                .toList();
    }

    @Override
    public SequencedSet<String> names() {
        return tensors.sequencedKeySet();
    }

    /** The texts of all shards; where they disagree, the first has its way. */
    @Override
    public Map<String, String> metadata() {
        Map<String, String> all = new LinkedHashMap<>();
        shards.values().forEach(shard -> shard.metadata().forEach(all::putIfAbsent));
        return all;
    }

    @Override
    public Shape shape(String name) {
        return shard(name).shape(name);
    }

    @Override
    public String storedType(String name) {
        return shard(name).storedType(name);
    }

    @Override
    public long bytes(String name) {
        return shard(name).bytes(name);
    }

    @Override
    public Tensor tensor(String name) {
        return shard(name).tensor(name);
    }

    @Override
    public void readAhead(List<String> names) {
        names.stream()
                .collect(Collectors.groupingBy(this::shard, LinkedHashMap::new, Collectors.toList()))
                .forEach(Checkpoint::readAhead);
    }

    private Checkpoint shard(String name) {
        Checkpoint shard = tensors.get(name);
        if (shard == null) {
            throw new CheckpointException(source + " has no tensor " + quote(name) + "; it has " + tensors.size()
                    + " tensors, the first is " + quote(tensors.firstEntry().getKey()));
        }
        return shard;
    }

    @Override
    public void close() {
        shards.values().forEach(Checkpoint::close);
    }

    /** As {@code model.safetensors.index.json (52 tensors in 2 files)}. */
    @Override
    public String toString() {
        return source + " (" + tensors.size() + " tensors in " + shards.size() + " files)";
    }
}
