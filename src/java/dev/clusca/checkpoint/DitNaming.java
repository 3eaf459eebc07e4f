package dev.clusca.checkpoint;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How a checkpoint names a DiT's tensors.
 *
 * @param style whose names they are
 * @param prefix what stands before each of them, as {@code model.}; mostly empty
 */
public record DitNaming(Style style, String prefix) {
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.*)\\.(weight|bias)");

    /** Whose names. */
    public enum Style {
        /** The {@code state_dict} of the official {@code DiT} class. */
        OFFICIAL(
                "(.*?)(?:(?<![a-z_])blocks\\.\\d+\\.|x_embedder\\.|t_embedder\\.|y_embedder\\.|final_layer\\.|pos_embed$).*"),
        /** diffusers' {@code DiTTransformer2DModel}, earlier {@code Transformer2DModel}. */
        DIFFUSERS("(.*?)(?:transformer_blocks\\.\\d+\\.|proj_out_[12]\\.|pos_embed\\.).*");

        private final Pattern pattern;

        Style(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    /**
     * Where one official tensor's elements lie in a checkpoint.
     *
     * @param parts names of tensors that follow one another along the outermost extent
     * @param copies names of further tensors, each equal to the whole
     */
    record Source(List<String> parts, List<String> copies) {}

    /**
     * The naming that most tensors of a checkpoint follow, so that the tensors that do not follow it can be named.
     *
     * @throws CheckpointException if there is none, or two models lie side by side
     */
    static DitNaming detect(Checkpoint checkpoint) {
        Map<DitNaming, Integer> votes = new HashMap<>();
        for (String name : checkpoint.names()) {
            for (Style style : Style.values()) {
                Matcher match = style.pattern.matcher(name);
                if (match.matches()) {
                    votes.merge(new DitNaming(style, match.group(1)), 1, Integer::sum);
                }
            }
        }
        int most = votes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        List<DitNaming> leaders = votes.entrySet().stream()
                .filter(vote -> vote.getValue() == most)
                .map(Map.Entry::getKey)
                .toList();
        if (leaders.isEmpty()) {
            throw new CheckpointException(checkpoint.source() + " holds no DiT: of its "
                    + checkpoint.names().size()
                    + " tensors none has an official name (as x_embedder.proj.weight) or a name of diffusers (as transformer_blocks.0.attn1.to_q.weight); it begins with "
                    + checkpoint.names().stream()
                            .limit(3)
                            .map(CheckpointException::quote)
                            .collect(Collectors.joining(", ")));
        }
        if (leaders.size() > 1) {
            throw new CheckpointException(checkpoint.source() + " holds several models side by side, with names behind "
                    + leaders.stream()
                            .map(DitNaming::prefix)
                            .map(CheckpointException::quote)
                            .sorted()
                            .collect(Collectors.joining(" and "))
                    + "; write the one that you want to a file of its own");
        }
        return leaders.getFirst();
    }

    /** Where a tensor of {@link DitTensors} lies. */
    Source source(String official, int depth) {
        return switch (style) {
            case OFFICIAL -> new Source(List.of(prefix + official), List.of());
            case DIFFUSERS -> diffusers(official, depth);
        };
    }

    /** The name under which the position embedding lies, if it is there at all. */
    String positions() {
        return switch (style) {
            case OFFICIAL -> prefix + DitTensors.POSITIONS;
            case DIFFUSERS -> prefix + "pos_embed.pos_embed";
        };
    }

    private Source diffusers(String official, int depth) {
        Matcher block = BLOCK.matcher(official);
        if (block.matches()) {
            String into = "transformer_blocks." + block.group(1) + ".";
            return new Source(
                    inBlock(block.group(2))
                            .map(part -> prefix + into + part + "." + block.group(3))
                            .toList(),
                    List.of());
        }
        int dot = official.lastIndexOf('.');
        String kind = official.substring(dot);
        return switch (official.substring(0, dot)) {
            case "x_embedder.proj" -> new Source(List.of(prefix + "pos_embed.proj" + kind), List.of());
            case "t_embedder.mlp.0" -> inEveryBlock("timestep_embedder.linear_1" + kind, depth);
            case "t_embedder.mlp.2" -> inEveryBlock("timestep_embedder.linear_2" + kind, depth);
            case "y_embedder.embedding_table" -> inEveryBlock("class_embedder.embedding_table" + kind, depth);
            case "final_layer.linear" -> new Source(List.of(prefix + "proj_out_2" + kind), List.of());
            case "final_layer.adaLN_modulation.1" -> new Source(List.of(prefix + "proj_out_1" + kind), List.of());
            default -> throw new IllegalArgumentException("no DiT has a tensor " + official);
        };
    }

    private static Stream<String> inBlock(String module) {
        return switch (module) {
            case "attn.qkv" -> Stream.of("attn1.to_q", "attn1.to_k", "attn1.to_v");
            case "attn.proj" -> Stream.of("attn1.to_out.0");
            case "mlp.fc1" -> Stream.of("ff.net.0.proj");
            case "mlp.fc2" -> Stream.of("ff.net.2");
            case "adaLN_modulation.1" -> Stream.of("norm1.linear");
            default -> throw new IllegalArgumentException("no DiT block has a module " + module);
        };
    }

    /** diffusers gives every block its own copy of the embedders, and uses the first for the final layer. */
    private Source inEveryBlock(String name, int depth) {
        List<String> all = IntStream.range(0, depth)
                .mapToObj(l -> prefix + "transformer_blocks." + l + ".norm1.emb." + name)
                .toList();
        return new Source(List.of(all.getFirst()), all.subList(1, depth));
    }
}
