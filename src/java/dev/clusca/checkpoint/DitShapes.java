package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a DiT's tensors tell of its configuration. Of the published sizes that is everything; of another one the number of heads is missing.
 *
 * @param labels rows of the label table, the null class counted
 * @param outChannels channels that come out
 * @param tokens of the position embedding, or 0 if it is left to be computed
 */
record DitShapes(
        DitNaming.Style style,
        int hiddenSize,
        int depth,
        int patchSize,
        int inChannels,
        int outChannels,
        int labels,
        int tokens) {
    private static final List<String> PUBLISHED = List.of("S", "B", "L", "XL");
    private static final Pattern BLOCK = Pattern.compile(".*blocks\\.(\\d{1,4})\\..*");

    /** The shapes in a checkpoint, or null if a tensor is missing or is not what its name says. */
    static @Nullable DitShapes of(Checkpoint weights, DitNaming naming) {
        int depth = 0;
        for (String name : weights.names()) {
            Matcher block = BLOCK.matcher(name);
            if (block.matches()) {
                depth = Math.max(depth, Integer.parseInt(block.group(1)) + 1);
            }
        }
        Shape projection = shape(weights, naming, "x_embedder.proj.weight", 4);
        Shape labels = shape(weights, naming, "y_embedder.embedding_table.weight", 2);
        Shape last = shape(weights, naming, "final_layer.linear.weight", 2);
        if (depth == 0 || projection == null || labels == null || last == null) {
            return null;
        }
        long patch = projection.dim(2);
        if (patch < 1 || last.dim(0) % (patch * patch) != 0) {
            return null;
        }
        String positions = naming.positions();
        Shape grid = weights.names().contains(positions) ? weights.shape(positions) : Shape.of(1, 0, 1);
        try {
            return new DitShapes(
                    naming.style(),
                    projection.size(0),
                    depth,
                    projection.size(2),
                    projection.size(1),
                    Math.toIntExact(last.dim(0) / (patch * patch)),
                    labels.size(0),
                    grid.rank() == 3 ? grid.size(1) : 0);
        } catch (ArithmeticException e) {
            return null;
        }
    }

    private static @Nullable Shape shape(Checkpoint weights, DitNaming naming, String official, int rank) {
        String name = naming.source(official, 1).parts().getFirst();
        if (!weights.names().contains(name)) {
            return null;
        }
        Shape shape = weights.shape(name);
        return shape.rank() == rank && shape.elements() > 0 ? shape : null;
    }

    /** As {@code DiT-XL/2}; empty if no published model has this width, depth and patch. */
    Optional<String> publishedName() {
        return PUBLISHED.stream()
                .map(size -> size + "/" + patchSize)
                .filter(name -> name.matches(".*/[248]"))
                .filter(name -> {
                    DitConfig config = DitConfig.of(name, 256);
                    return config.hiddenSize() == hiddenSize && config.depth() == depth;
                })
                .map(name -> "DiT-" + name)
                .findFirst();
    }

    /** The configuration, if the model is a published one under official names that holds its positions; they alone tell the extents of the images. */
    Optional<DitConfig> config() {
        int side = patchSize * (int) Math.round(Math.sqrt(tokens));
        if (style != DitNaming.Style.OFFICIAL
                || tokens == 0
                || labels < 2
                || publishedName().isEmpty()) {
            return Optional.empty();
        }
        DitConfig size = DitConfig.of(publishedName().get(), 256);
        return Optional.of(new DitConfig(
                side,
                patchSize,
                inChannels,
                hiddenSize,
                depth,
                size.numHeads(),
                size.mlpRatio(),
                labels - 1,
                outChannels == 2 * inChannels,
                true,
                DitConfig.NORM_EPSILON,
                0,
                Math.min(3, inChannels),
                false,
                List.of()));
    }
}
