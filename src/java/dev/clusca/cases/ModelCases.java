package dev.clusca.cases;

import dev.clusca.backend.Activation;
import dev.clusca.cases.PrefixCases.Sizes;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The operations of one model's steps at its own sizes, and what FLUX adds before attention: what is measured. Guidance counts, an image has two rows. Ladders have three planes (order 2), clusters are sixteen; passes over all layers
 * have {@value PrefixCases#LAYERS} of them.
 */
public final class ModelCases {
    private static final int CLUSTERS = 16;
    private static final int PLANES = 3;
    private static final float GAMMA = 0.005f;
    /** Sampling steps, whose modulations are one product, and conditions of one image. */
    private static final int STEPS = 50;

    private static final int CONDITIONS = 2;
    /** Chunks of a block's modulation. */
    private static final int CHUNKS = 6;

    private ModelCases() {}

    /**
     * The cases of a full step, then those of a cached one.
     *
     * @param dtype what the model multiplies in; the residual stream is F32
     * @param images in the batch
     */
    public static List<OpCase> of(ModelShape shape, DType dtype, int images) {
        Precision inner = dtype == DType.F32 ? Precision.F32 : Precision.BF16;
        Precision stream = dtype == DType.F32 ? Precision.F32 : Precision.BF16_F32;
        List<OpCase> cases = new ArrayList<>();
        full(shape, inner, stream, images, cases);
        cached(shape, inner, stream, images, cases);
        Set<String> names = new HashSet<>();
        // With as few tokens as clusters, the products of all rows are those of the representatives.
        return cases.stream().filter(c -> names.add(c.name())).toList();
    }

    private static void full(ModelShape m, Precision inner, Precision stream, int images, List<OpCase> cases) {
        int rows = 2 * images;
        int tokens = m.tokens();
        int all = rows * tokens;
        int width = m.width();
        int[] grid = {m.grid(), m.grid()};
        Activation none = Activation.NONE;
        cases.add(BlockCases.gemm(inner, STEPS * CONDITIONS, width, CHUNKS * width, none, true, false));
        cases.add(EntryCases.patchEmbed(stream, images, 2, m.channels(), m.patch(), grid, width, true, false));
        cases.add(BlockCases.norm(stream, rows, tokens, width, "bell", Arg.Fill.bell(1)));
        cases.add(BlockCases.gemm(inner, all, width, 3 * width, none, true, false));
        int headWidth = width / m.heads();
        BlockCases.Part part = headWidth % 2 == 0 ? BlockCases.Part.BOTH : BlockCases.Part.NORM;
        cases.add(BlockCases.qkNormRope(inner, rows, tokens, m.heads(), headWidth, part, "bell", Arg.Fill.bell(1)));
        cases.add(BlockCases.attention(inner, rows, tokens, m.heads(), headWidth, "bell", Arg.Fill.bell(1)));
        cases.add(BlockCases.gemmResidual(stream, rows, tokens, width, width, true, false));
        cases.add(BlockCases.gemm(inner, all, width, m.hidden(), Activation.GELU_TANH, true, false));
        cases.add(BlockCases.gemmResidual(stream, rows, tokens, m.hidden(), width, true, false));
        Sizes s = sizes(m, rows);
        cases.add(FusedCases.ladder(stream, s, width));
        cases.add(FusedCases.update(stream, s, m.hidden()));
        cases.add(LadderCases.update(stream, rows, tokens, width, PLANES, PLANES, "bell"));
        cases.add(PrefixCases.update(stream, s, "bell"));
        cases.add(ClusterCases.kMeansIteration(inner, rows, tokens, width, CLUSTERS));
        cases.add(BlockCases.gemm(inner, all, width, m.patch() * m.patch() * m.outputs(), none, true, false));
        cases.add(ExitCases.unpatchify(inner, rows, m.outputs(), m.patch(), grid, "bell"));
        int side = m.grid() * m.patch();
        cases.add(ExitCases.guidance(images, m.outputs(), Math.min(3, m.channels()), side, side, "bell"));
        if (m.outputs() == 2 * m.channels()) {
            cases.add(ExitCases.ddim(images, m.channels(), side, side, 0, false, "bell"));
        }
    }

    private static void cached(ModelShape m, Precision inner, Precision stream, int images, List<OpCase> cases) {
        int rows = 2 * images;
        int tokens = m.tokens();
        int width = m.width();
        Sizes s = sizes(m, rows);
        cases.add(LadderCases.forecast(stream, rows, tokens, width, PLANES, PLANES, "bell"));
        cases.add(PrefixCases.forecast(stream, s, "bell"));
        cases.add(PrefixCases.pass(stream, s, "bell"));
        cases.add(FusedCases.gather(stream, s));
        cases.add(BlockCases.gemm(inner, rows * s.clusters(), width, m.hidden(), Activation.GELU_TANH, true, false));
        cases.add(FusedCases.refresh(stream, s, m.hidden()));
        cases.add(FusedCases.chain(stream, s, m.hidden(), true));
        cases.add(PrefixCases.gather(Precision.F32, s));
        cases.add(PrefixCases.refresh(stream, s));
        cases.add(PrefixCases.close(Precision.F32, s));
        cases.add(ClusterCases.representatives(rows, PrefixCases.LAYERS, tokens, s.clusters(), s.clusters(), 7));
        cases.add(ClusterCases.gather(stream, rows, tokens, width, s.clusters(), "whole"));
        cases.add(ClusterCases.scatter(stream, rows, tokens, width, s.clusters(), "whole"));
        cases.add(ClusterCases.propagate(stream, rows, tokens, width, s.clusters(), GAMMA, "whole"));
    }

    private static Sizes sizes(ModelShape m, int rows) {
        float share = 0.9f; // base and U both have a part in T0
        return new Sizes(
                rows, m.tokens(), m.width(), Math.min(CLUSTERS, m.tokens()), PLANES, PLANES, share, share, GAMMA);
    }
}
