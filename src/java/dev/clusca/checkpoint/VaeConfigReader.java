package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** diffusers' form of an autoencoder's configuration. */
final class VaeConfigReader {
    private static final Set<String> KNOWN = Set.of(
            "in_channels",
            "out_channels",
            "down_block_types",
            "up_block_types",
            "block_out_channels",
            "layers_per_block",
            "act_fn",
            "latent_channels",
            "norm_num_groups",
            "sample_size",
            "scaling_factor",
            "shift_factor",
            "force_upcast",
            "use_quant_conv",
            "use_post_quant_conv",
            "mid_block_add_attention");

    /** diffusers' constructor doubles the extents in every block of this type but the last. */
    private static final String BLOCK = "UpDecoderBlock2D";

    private VaeConfigReader() {}

    static VaeConfig read(Path file) {
        Fields fields = Fields.of(Json.read(file), file.toString());
        if (!fields.has("latent_channels") || !fields.has("block_out_channels")) {
            throw new CheckpointException(
                    file
                            + " is not the configuration of an autoencoder (diffusers' AutoencoderKL): it has no latent_channels and block_out_channels");
        }
        fields.onlyKnown(KNOWN);
        fields.onlySupports("act_fn", "silu");
        List<Integer> channels = fields.integers("block_out_channels");
        List<String> blocks = fields.texts("up_block_types");
        if (fields.has("up_block_types")
                && (blocks.size() != channels.size() || !blocks.stream().allMatch(BLOCK::equals))) {
            throw new CheckpointException(file + " has up_block_types = " + blocks + ", expected " + channels.size()
                    + " times " + BLOCK + ", the only form that clusca computes");
        }
        try {
            return new VaeConfig(
                    fields.integer("latent_channels"),
                    fields.integer("out_channels", 3),
                    channels,
                    fields.integer("layers_per_block", 1),
                    fields.integer("norm_num_groups", 32),
                    fields.number("scaling_factor", VaeConfig.USUAL_SCALING),
                    fields.number("shift_factor", 0),
                    fields.flag("use_post_quant_conv", true),
                    fields.flag("mid_block_add_attention", true));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + " is " + e.getMessage(), e);
        }
    }
}
