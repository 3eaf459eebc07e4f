package dev.clusca.checkpoint;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a checkpoint names FLUX's tensors.
 *
 * @param style whose names they are
 * @param prefix what stands before each of them, as {@code model.}; mostly empty
 */
public record FluxNaming(Style style, String prefix) {
    private static final Pattern BLOCK =
            Pattern.compile("(double|single)_blocks\\.(\\d+)\\.(.*)\\.(weight|bias|scale)");

    /** diffusers' names of a double block's modules, for the image and for the text. */
    private static final Map<String, List<String>> IN_DOUBLE = Map.ofEntries(
            Map.entry("img_mod.lin", List.of("norm1.linear")),
            Map.entry("txt_mod.lin", List.of("norm1_context.linear")),
            Map.entry("img_attn.qkv", List.of("attn.to_q", "attn.to_k", "attn.to_v")),
            Map.entry("txt_attn.qkv", List.of("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
            Map.entry("img_attn.norm.query_norm", List.of("attn.norm_q")),
            Map.entry("img_attn.norm.key_norm", List.of("attn.norm_k")),
            Map.entry("txt_attn.norm.query_norm", List.of("attn.norm_added_q")),
            Map.entry("txt_attn.norm.key_norm", List.of("attn.norm_added_k")),
            Map.entry("img_attn.proj", List.of("attn.to_out.0")),
            Map.entry("txt_attn.proj", List.of("attn.to_add_out")),
            Map.entry("img_mlp.0", List.of("ff.net.0.proj")),
            Map.entry("img_mlp.2", List.of("ff.net.2")),
            Map.entry("txt_mlp.0", List.of("ff_context.net.0.proj")),
            Map.entry("txt_mlp.2", List.of("ff_context.net.2")));

    private static final Map<String, List<String>> IN_SINGLE = Map.of(
            "modulation.lin", List.of("norm.linear"),
            "linear1", List.of("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"),
            "linear2", List.of("proj_out"),
            "norm.query_norm", List.of("attn.norm_q"),
            "norm.key_norm", List.of("attn.norm_k"));

    private static final Map<String, String> AROUND = Map.ofEntries(
            Map.entry("img_in", "x_embedder"),
            Map.entry("txt_in", "context_embedder"),
            Map.entry("time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"),
            Map.entry("time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"),
            Map.entry("guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"),
            Map.entry("guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"),
            Map.entry("vector_in.in_layer", "time_text_embed.text_embedder.linear_1"),
            Map.entry("vector_in.out_layer", "time_text_embed.text_embedder.linear_2"),
            Map.entry("final_layer.adaLN_modulation.1", "norm_out.linear"),
            Map.entry("final_layer.linear", "proj_out"));

    /** Whose names. */
    public enum Style {
        /** The {@code state_dict} of the official {@code Flux} class. */
        OFFICIAL("(.*?)(?:double_blocks|single_blocks)\\.\\d+\\..*"),
        /** diffusers' {@code FluxTransformer2DModel}. */
        DIFFUSERS("(.*?)(?:single_transformer_blocks\\.\\d+\\.|time_text_embed\\.).*");

        private final Pattern pattern;

        Style(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    /**
     * Where one official tensor's elements lie in a checkpoint.
     *
     * @param parts names of tensors that follow one another along the outermost extent
     * @param halvesExchanged whether the second half of the outermost extent comes first in the file
     */
    record Source(List<String> parts, boolean halvesExchanged) {}

    /** The naming that most tensors of a checkpoint follow; empty if it holds no FLUX. */
    static Optional<FluxNaming> detect(Checkpoint checkpoint) {
        Map<FluxNaming, Integer> votes = new HashMap<>();
        for (String name : checkpoint.names()) {
            for (Style style : Style.values()) {
                Matcher match = style.pattern.matcher(name);
                if (match.matches()) {
                    votes.merge(new FluxNaming(style, match.group(1)), 1, Integer::sum);
                }
            }
        }
        return votes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey);
    }

    /** Where a tensor of {@link FluxTensors} lies. */
    Source source(String official) {
        return switch (style) {
            case OFFICIAL -> new Source(List.of(prefix + official), false);
            case DIFFUSERS -> diffusers(official);
        };
    }

    private Source diffusers(String official) {
        Matcher block = BLOCK.matcher(official);
        if (block.matches()) {
            boolean twofold = block.group(1).equals("double");
            String into = (twofold ? "transformer_blocks." : "single_transformer_blocks.") + block.group(2) + ".";
            List<String> parts = (twofold ? IN_DOUBLE : IN_SINGLE).get(block.group(3));
            if (parts == null) {
                throw new IllegalArgumentException("no FLUX block has a module " + block.group(3));
            }
            String kind = block.group(4).equals("bias") ? ".bias" : ".weight";
            return new Source(
                    parts.stream().map(part -> prefix + into + part + kind).toList(), false);
        }
        int dot = official.lastIndexOf('.');
        String name = AROUND.get(official.substring(0, dot));
        if (name == null) {
            throw new IllegalArgumentException("no FLUX model has a tensor " + official);
        }
        // The official final layer has shift before scale, diffusers' AdaLayerNormContinuous scale before shift.
        return new Source(List.of(prefix + name + official.substring(dot)), name.equals("norm_out.linear"));
    }
}
