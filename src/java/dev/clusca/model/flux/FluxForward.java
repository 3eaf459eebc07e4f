package dev.clusca.model.flux;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Ops;
import dev.clusca.backend.WorkArena;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The parts of one forward pass over an image and its text, with the activations they need; whoever calls them decides which parts of a step are computed. A plain evaluation is {@link #embedText},
 * {@link #embedImage}, then of every double block {@link #attend} and both streams' {@link TokenStream#addAttention} and {@link TokenStream#mlp}, of every single block {@link #single} and
 * {@link #addSingle}, then {@link #finish}.
 *
 * <p>Text stands before the image in one sequence of N tokens, and both streams are views of it: what double blocks attend to and single blocks take needs no copy. The residual stream is F32 in every
 * run; activations between operations have the model's type. Nothing here waits but the constructor and {@link #giveText}.
 */
public final class FluxForward {
    private final FluxModel model;
    private final FluxModulations modulations;
    private final Backend backend;
    private final Ops ops;
    private final int textTokens;
    private final int imageTokens;
    private final TokenStream image;
    private final TokenStream text;
    private final Tensor embeddedText;
    private final Tensor rotations;
    private final Tensor x;
    private final Tensor normed;
    private final Tensor qkv;
    private final Tensor attended;
    private final Tensor hidden;
    private final Tensor wide;
    private final Tensor attendedPlaces;
    private final Tensor hiddenPlaces;

    /** Which tokens of the sequence. */
    public enum Part {
        TEXT,
        IMAGE,
        ALL
    }

    /**
     * @param textTokens how many come first; they lie at the origin
     * @param points the coordinates of each image token, as many as the model has axes; in the published models 0, row and column
     * @param arena holds the activations; shared, and open for as long as this object is used
     */
    public FluxForward(FluxModel model, FluxModulations modulations, int textTokens, int[][] points, Arena arena) {
        this.model = model;
        this.modulations = modulations;
        this.backend = model.backend();
        this.ops = backend.ops();
        this.textTokens = textTokens;
        this.imageTokens = points.length;
        FluxConfig c = model.config();
        DType type = model.dtype();
        int n = textTokens + imageTokens;
        long width = c.hiddenSize();
        x = backend.allocate(arena, DType.F32, Shape.of(1, n, width));
        normed = backend.allocate(arena, type, Shape.of(1, n, width));
        // Queries, keys and values are done with before the MLP's hidden features come.
        Tensor scratch = backend.allocate(arena, type, Shape.of(n * Math.max(3 * width, c.mlpWidth())));
        qkv = scratch.rows(0, n * 3 * width).reshape(1, n, 3 * width);
        attended = backend.allocate(arena, type, Shape.of(1, n, width));
        hidden = scratch.rows(0, (long) n * c.mlpWidth()).reshape(1, n, c.mlpWidth());
        wide = backend.allocate(arena, type, Shape.of(1, n, width + c.mlpWidth()));
        embeddedText = backend.allocate(arena, DType.F32, Shape.of(1, textTokens, width));
        rotations = backend.upload(arena, rotations(c, textTokens, points), Shape.of(n, c.headDim() / 2, 2));
        int unit = unit(c);
        attendedPlaces = row(arena, places(n, c.hiddenSize() / unit, 0, (c.hiddenSize() + c.mlpWidth()) / unit));
        hiddenPlaces = row(
                arena, places(n, c.mlpWidth() / unit, c.hiddenSize() / unit, (c.hiddenSize() + c.mlpWidth()) / unit));
        TokenStream.Norms norms = new TokenStream.Norms(FluxConfig.NORM_EPSILON, FluxConfig.NORM_EPSILON);
        image = new TokenStream(
                backend,
                model.doubleBlocks().stream().map(b -> b.image().block()).toList(),
                norms,
                modulations.image(),
                part(x, Part.IMAGE),
                part(normed, Part.IMAGE),
                part(hidden, Part.IMAGE));
        text = new TokenStream(
                backend,
                model.doubleBlocks().stream().map(b -> b.text().block()).toList(),
                norms,
                modulations.text(),
                part(x, Part.TEXT),
                part(normed, Part.TEXT),
                part(hidden, Part.TEXT));
    }

    private static float[] rotations(FluxConfig c, int textTokens, int[][] points) {
        int[][] all = new int[textTokens + points.length][];
        for (int n = 0; n < all.length; n++) {
            all[n] = n < textTokens ? new int[c.axesDim().size()] : points[n - textTokens];
        }
        return new RotaryPositions(c.axesDim(), c.theta()).rotations(all);
    }

    /** A width that divides both parts of what a single block's last layer takes. */
    private static int unit(FluxConfig c) {
        int a = c.hiddenSize();
        int b = c.mlpWidth();
        while (b != 0) {
            int rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }

    /** Where the units of one part of each token lie among all units. */
    private static int[] places(int tokens, int units, int first, int all) {
        int[] places = new int[tokens * units];
        for (int i = 0; i < places.length; i++) {
            places[i] = i / units * all + first + i % units;
        }
        return places;
    }

    public FluxModel model() {
        return model;
    }

    /** The image's tokens on their way through the double blocks. */
    public TokenStream image() {
        return image;
    }

    /** The text's tokens on their way through the double blocks. */
    public TokenStream text() {
        return text;
    }

    /** The residual stream of text and image, F32 {@code [1, N, C]}. */
    public Tensor x() {
        return x;
    }

    /**
     * Embeds the text of the run, which every step begins with.
     *
     * @param tokens {@code textTokens * contextInDim} numbers, token after token
     */
    public void giveText(float[] tokens) {
        int width = model.config().contextInDim();
        if (tokens.length != textTokens * width) {
            throw new IllegalArgumentException("the text has " + tokens.length + " numbers; " + textTokens
                    + " tokens of this model have " + textTokens * width);
        }
        try (WorkArena once = new WorkArena(backend)) {
            Tensor given = backend.upload(once.arena(), tokens, Shape.of(1, textTokens, width));
            ops.gemm(given, model.textIn(), Activation.NONE, embeddedText);
        }
    }

    /** The text's stream begins with the embedded text. */
    public void embedText() {
        ops.cast(embeddedText, text.x());
    }

    /** The image's stream begins with its embedded tokens, F32 {@code [1, image tokens, inChannels]}. */
    public void embedImage(Tensor tokens) {
        ops.gemm(tokens, model.imageIn(), Activation.NONE, image.x());
    }

    /** Attention of a double block, before its projections: {@link #attended} has it. */
    public void attend(int layer) {
        FluxModel.DoubleBlock block = model.doubleBlock(layer);
        project(text.normForAttention(layer), block.text().projection(), Part.TEXT);
        project(image.normForAttention(layer), block.image().projection(), Part.IMAGE);
        ops.attention(qkv, model.config().numHeads(), attended);
    }

    /** What a stream's {@link TokenStream#addAttention} takes, valid until the next block's. */
    public Tensor attended(Part part) {
        return part(attended, part);
    }

    private void project(Tensor tokens, FluxModel.Projection projection, Part which) {
        Tensor out = part(qkv, which);
        ops.gemm(tokens, projection.qkv(), Activation.NONE, out);
        ops.qkNormRope(
                out,
                model.config().numHeads(),
                projection.queryScale(),
                projection.keyScale(),
                FluxConfig.NORM_EPSILON,
                rotations.rows(first(which), count(which)));
    }

    /** A single block up to its last layer: attention and the MLP's hidden features of every token, side by side. */
    public void single(int layer) {
        FluxModel.SingleBlock block = model.singleBlock(layer);
        FluxModulations.Block m = modulations.single(layer);
        ops.layerNormModulate(x, m.modulation(), m.shift(), m.scale(), FluxConfig.NORM_EPSILON, normed);
        project(normed, block.projection(), Part.ALL);
        ops.attention(qkv, model.config().numHeads(), attended);
        ops.gemm(normed, block.mlp(), Activation.GELU_TANH, hidden);
        putIntoWide(attended, attendedPlaces);
        putIntoWide(hidden, hiddenPlaces);
    }

    private void putIntoWide(Tensor values, Tensor places) {
        long unit = values.shape().elements() / places.shape().dim(1);
        ops.scatterRows(
                values.reshape(1, places.shape().dim(1), unit),
                places,
                wide.reshape(1, wide.shape().elements() / unit, unit));
    }

    /**
     * The end of a single block: {@code x += gate * linear2(attention, hidden features)} of some tokens n.
     *
     * @param feature takes the block's output before the gate, float {@code [1, n, C]}, or null
     */
    public void addSingle(int layer, Part part, @Nullable Tensor feature) {
        FluxModulations.Block m = modulations.single(layer);
        ops.gemmResidual(
                part(wide, part), model.singleBlock(layer).out(), m.modulation(), m.gate(), feature, part(x, part));
    }

    /**
     * {@link #addSingle(int, Part, Tensor)}, whose output a ladder takes in.
     *
     * @param feature F32 {@code [1, n, C]}, working memory
     * @param ladder float {@code [order + 1, 1, n, C]}
     */
    public void addSingle(int layer, Part part, Tensor feature, Tensor ladder) {
        FluxModulations.Block m = modulations.single(layer);
        ops.gemmLadder(
                part(wide, part),
                model.singleBlock(layer).out(),
                m.modulation(),
                m.gate(),
                feature,
                ladder,
                part(x, part));
    }

    /** {@code x += gate * forecast} of a single block, from its ladder {@code [terms, 1, n, C]}. */
    public void forecastSingle(int layer, Part part, Tensor ladder) {
        FluxModulations.Block m = modulations.single(layer);
        ops.forecastResidual(ladder, m.modulation(), m.gate(), part(x, part));
    }

    /**
     * {@code x +=} the forecasts of all pairs of single blocks, one after the other, in one pass.
     *
     * @param firsts ladders of the blocks 0, 2, 4, ..: float {@code [pairs, order + 1, 1, n, C]}
     * @param seconds ladders of the blocks 1, 3, 5, ..
     */
    public void forecastPairs(Part part, Tensor firsts, Tensor seconds) {
        CachedLayers pairs = modulations.pairs(firsts, seconds);
        ops.forecastPass(pairs, part(x, part));
    }

    /** {@code output = linear(LN(x) modulated)} of the image's tokens, F32 {@code [1, image tokens, outChannels]}. */
    public void finish(Tensor output) {
        Tensor last = part(normed, Part.IMAGE);
        ops.layerNormModulate(
                image.x(),
                modulations.last(),
                FluxModulations.SHIFT_FINAL,
                FluxModulations.SCALE_FINAL,
                FluxConfig.NORM_EPSILON,
                last);
        ops.gemm(last, model.last(), Activation.NONE, output);
    }

    /** How many tokens a part has. */
    public int count(Part part) {
        return switch (part) {
            case TEXT -> textTokens;
            case IMAGE -> imageTokens;
            case ALL -> textTokens + imageTokens;
        };
    }

    private int first(Part part) {
        return part == Part.IMAGE ? textTokens : 0;
    }

    /** Some tokens of {@code [1, N, width]}. */
    private Tensor part(Tensor all, Part part) {
        return all.slice(0)
                .rows(first(part), count(part))
                .reshape(1, count(part), all.shape().dim(2));
    }

    /** An index of one row, I32 {@code [1, K]}. */
    private Tensor row(Arena arena, int[] index) {
        return backend.upload(arena, index, Shape.of(1, index.length));
    }
}
