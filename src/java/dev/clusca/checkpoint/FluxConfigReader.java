package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The published forms of FLUX's configuration. */
final class FluxConfigReader {
    /** No other model has it. */
    private static final String SINGLE_BLOCKS = "num_single_layers";

    private static final Set<String> CONSTRUCTOR = Set.of(
            "in_channels",
            "out_channels",
            "vec_in_dim",
            "context_in_dim",
            "hidden_size",
            "mlp_ratio",
            "num_heads",
            "depth",
            "depth_single_blocks",
            "axes_dim",
            "theta",
            "qkv_bias",
            "guidance_embed");

    private static final Set<String> DIFFUSERS = Set.of(
            "patch_size",
            "in_channels",
            "out_channels",
            "num_layers",
            SINGLE_BLOCKS,
            "attention_head_dim",
            "num_attention_heads",
            "joint_attention_dim",
            "pooled_projection_dim",
            "guidance_embeds",
            "axes_dims_rope");

    private FluxConfigReader() {}

    static FluxConfig fromMetadata(Map<String, String> metadata, String source) {
        Fields fields = Fields.ofPython(metadata, CONSTRUCTOR, "the metadata of " + source);
        return fields.checked(() -> new FluxConfig(
                fields.integer("in_channels"),
                fields.integer("out_channels", fields.integer("in_channels")),
                fields.integer("vec_in_dim"),
                fields.integer("context_in_dim"),
                fields.integer("hidden_size"),
                fields.number("mlp_ratio"),
                fields.integer("num_heads"),
                fields.integer("depth"),
                fields.integer("depth_single_blocks"),
                fields.integers("axes_dim"),
                fields.number("theta"),
                fields.flag("qkv_bias", true),
                fields.flag("guidance_embed", false)));
    }

    /** Whether a {@code config.json} is that of a FLUX. */
    static boolean isFlux(Path file) {
        return Fields.of(Json.read(file), file.toString()).has(SINGLE_BLOCKS);
    }

    static FluxConfig read(Path file) {
        Fields fields = Fields.of(Json.read(file), file.toString());
        if (!fields.has(SINGLE_BLOCKS)) {
            throw new CheckpointException(file
                    + " is not the configuration of a FLUX model: it has no num_single_layers"
                    + (fields.has("constructor") || fields.has("hidden_size") || fields.has("num_embeds_ada_norm")
                            ? "; it is that of a DiT, and 'clusca sample' makes images with it"
                            : ""));
        }
        fields.onlyKnown(DIFFUSERS);
        fields.onlySupports("patch_size", 1L);
        int channels = fields.integer("in_channels", 64);
        int heads = fields.integer("num_attention_heads", 24);
        return fields.checked(() -> new FluxConfig(
                channels,
                fields.integer("out_channels", channels),
                fields.integer("pooled_projection_dim", 768),
                fields.integer("joint_attention_dim", 4096),
                Math.multiplyExact(heads, fields.integer("attention_head_dim", 128)),
                4,
                heads,
                fields.integer("num_layers", 19),
                fields.integer(SINGLE_BLOCKS),
                fields.has("axes_dims_rope") ? fields.integers("axes_dims_rope") : List.of(16, 56, 56),
                10_000,
                true,
                fields.flag("guidance_embeds", false)));
    }
}
