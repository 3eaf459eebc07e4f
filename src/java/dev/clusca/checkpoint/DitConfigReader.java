package dev.clusca.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The published forms of a DiT's configuration. */
final class DitConfigReader {
    private static final Set<String> CONSTRUCTOR = Set.of(
            "input_size",
            "patch_size",
            "in_channels",
            "hidden_size",
            "depth",
            "num_heads",
            "mlp_ratio",
            "class_dropout_prob",
            "num_classes",
            "learn_sigma");

    private static final Set<String> DIFFUSERS = Set.of(
            "num_attention_heads",
            "attention_head_dim",
            "in_channels",
            "out_channels",
            "num_layers",
            "dropout",
            "norm_num_groups",
            "attention_bias",
            "sample_size",
            "patch_size",
            "activation_fn",
            "num_embeds_ada_norm",
            "upcast_attention",
            "norm_type",
            "norm_elementwise_affine",
            "norm_eps");

    private DitConfigReader() {}

    static DitConfig read(Path file) {
        Fields fields = Fields.of(Json.read(file), file.toString());
        if (fields.has("constructor")) {
            Fields constructor = fields.object("constructor");
            constructor.onlyKnown(CONSTRUCTOR);
            return official(constructor, fields);
        }
        if (fields.has("hidden_size")) {
            return official(fields, fields);
        }
        if (fields.has("num_attention_heads")) {
            return diffusers(fields);
        }
        throw new CheckpointException(file
                + " is not a DiT configuration: it has neither the official constructor's hidden_size, alone or under"
                + " 'constructor', nor diffusers' num_attention_heads");
    }

    static DitConfig fromMetadata(Map<String, String> metadata, String source) {
        Fields fields = Fields.ofPython(metadata, CONSTRUCTOR, "the metadata of " + source);
        return official(fields, fields);
    }

    /**
     * The arguments of the official {@code DiT} class, with its defaults.
     *
     * @param around where class names and the like stand
     */
    private static DitConfig official(Fields constructor, Fields around) {
        int channels = constructor.integer("in_channels", 4);
        int classes = constructor.integer("num_classes", 1000);
        boolean nullClass = constructor.number("class_dropout_prob", 0.1) > 0;
        if (around.has("null_class_index") && (!nullClass || around.integer("null_class_index") != classes)) {
            throw new CheckpointException(
                    around.source() + " has null_class_index " + around.integer("null_class_index") + ", but "
                            + (nullClass
                                    ? "the null class of " + classes + " classes is " + classes
                                    : "without class dropout there is no null class"));
        }
        int cfgChannels = Math.min(3, channels);
        if (around.has("diffusion")) {
            cfgChannels = around.object("diffusion").integer("cfg_channels", cfgChannels);
        }
        int guided = cfgChannels;
        return constructor.checked(() -> new DitConfig(
                constructor.integer("input_size"),
                constructor.integer("patch_size"),
                channels,
                constructor.integer("hidden_size"),
                constructor.integer("depth"),
                constructor.integer("num_heads"),
                constructor.number("mlp_ratio", 4.0),
                classes,
                constructor.flag("learn_sigma", true),
                nullClass,
                DitConfig.NORM_EPSILON,
                0,
                guided,
                around.flag("pixel_space", false),
                around.texts("class_names")));
    }

    /**
     * diffusers' {@code DiTTransformer2DModel}. Its {@code norm_eps} reaches only the norm before the MLP ({@code norm3}); its class table always has a null class; its
     * pipeline guides all channels.
     */
    private static DitConfig diffusers(Fields fields) {
        fields.onlyKnown(DIFFUSERS);
        fields.onlySupports("attention_bias", true);
        fields.onlySupports("activation_fn", "gelu-approximate");
        fields.onlySupports("norm_type", "ada_norm_zero");
        fields.onlySupports("norm_elementwise_affine", false);
        int channels = fields.integer("in_channels", 4);
        int out = fields.integer("out_channels", channels);
        if (out != channels && out != 2 * channels) {
            throw new CheckpointException(fields.source() + " has out_channels = " + out + ", expected in_channels, "
                    + channels + ", or twice as many with a learned variance");
        }
        int heads = fields.integer("num_attention_heads");
        return fields.checked(() -> new DitConfig(
                fields.integer("sample_size", 32),
                fields.integer("patch_size", 2),
                channels,
                Math.multiplyExact(heads, fields.integer("attention_head_dim", 72)),
                fields.integer("num_layers", 28),
                heads,
                4.0,
                fields.integer("num_embeds_ada_norm", 1000),
                out == 2 * channels,
                true,
                fields.number("norm_eps", 1e-5),
                1,
                channels,
                false,
                List.of()));
    }
}
