package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a FLUX checkpoint's shapes tell of its configuration: all but the axes of its rotations, which in the published models share a head of 128 channels as 16, 56 and 56. */
final class FluxShapes {
    private static final int PUBLISHED_HEAD = 128;
    private static final List<Integer> PUBLISHED_AXES = List.of(16, 56, 56);

    private FluxShapes() {}

    /** @throws CheckpointException if a shape is missing, or the model is not of the published kind */
    static FluxConfig config(Checkpoint weights, FluxNaming naming) {
        Shape image = shape(weights, naming, "img_in.weight", 2);
        Shape text = shape(weights, naming, "txt_in.weight", 2);
        Shape vector = shape(weights, naming, "vector_in.in_layer.weight", 2);
        Shape mlp = shape(weights, naming, "double_blocks.0.img_mlp.0.weight", 2);
        Shape head = shape(weights, naming, "double_blocks.0.img_attn.norm.query_norm.scale", 1);
        Shape last = shape(weights, naming, "final_layer.linear.weight", 2);
        if (head.dim(0) != PUBLISHED_HEAD) {
            throw new CheckpointException(
                    "there is no configuration for " + weights.source()
                            + ", and its shapes do not tell it: a head has " + head.dim(0) + " channels, not the "
                            + PUBLISHED_HEAD
                            + " of the published models; put diffusers' config.json beside it, or the constructor's arguments into its metadata");
        }
        try {
            return new FluxConfig(
                    image.size(1),
                    last.size(0),
                    vector.size(1),
                    text.size(1),
                    image.size(0),
                    (double) mlp.dim(0) / mlp.dim(1),
                    Math.toIntExact(image.dim(0) / PUBLISHED_HEAD),
                    doubleBlocks(weights, naming),
                    singleBlocks(weights, naming),
                    PUBLISHED_AXES,
                    10_000,
                    has(weights, naming, "double_blocks.0.img_attn.qkv.bias"),
                    has(weights, naming, "guidance_in.in_layer.weight"));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CheckpointException("the shapes in " + weights.source() + " are " + e.getMessage(), e);
        }
    }

    /** Whether there is what FLUX has and its relatives (SD3, Qwen-Image, HunyuanVideo) have not all of. */
    static boolean isFlux(Checkpoint weights, FluxNaming naming) {
        return has(weights, naming, "img_in.weight")
                && has(weights, naming, "vector_in.in_layer.weight")
                && doubleBlocks(weights, naming) > 0
                && singleBlocks(weights, naming) > 0;
    }

    static int doubleBlocks(Checkpoint weights, FluxNaming naming) {
        return count(
                weights, naming, naming.style() == FluxNaming.Style.OFFICIAL ? "double_blocks" : "transformer_blocks");
    }

    static int singleBlocks(Checkpoint weights, FluxNaming naming) {
        return count(
                weights,
                naming,
                naming.style() == FluxNaming.Style.OFFICIAL ? "single_blocks" : "single_transformer_blocks");
    }

    /** Width C of a token, or 0 if the tensor that tells it is missing. */
    static long width(Checkpoint weights, FluxNaming naming) {
        String name = naming.source("img_in.bias").parts().getFirst();
        return weights.names().contains(name) ? weights.shape(name).elements() : 0;
    }

    private static int count(Checkpoint weights, FluxNaming naming, String blocks) {
        Pattern pattern = Pattern.compile(Pattern.quote(naming.prefix() + blocks) + "\\.(\\d{1,4})\\..*");
        int count = 0;
        for (String name : weights.names()) {
            Matcher block = pattern.matcher(name);
            if (block.matches()) {
                count = Math.max(count, Integer.parseInt(block.group(1)) + 1);
            }
        }
        return count;
    }

    static boolean has(Checkpoint weights, FluxNaming naming, String official) {
        return weights.names().contains(naming.source(official).parts().getFirst());
    }

    private static Shape shape(Checkpoint weights, FluxNaming naming, String official, int rank) {
        String name = naming.source(official).parts().getFirst();
        if (!weights.names().contains(name)
                || weights.shape(name).rank() != rank
                || weights.shape(name).elements() == 0) {
            throw new CheckpointException("there is no configuration for " + weights.source()
                    + ", and its shapes do not tell it: " + CheckpointException.quote(name)
                    + (weights.names().contains(name) ? " is " + weights.shape(name) : " is missing"));
        }
        return weights.shape(name);
    }
}
