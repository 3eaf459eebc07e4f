package dev.clusca.backend.cpu;

import static dev.clusca.backend.cpu.Engine.floats;
import static dev.clusca.backend.cpu.MatrixProducts.address;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.DrawMemory;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.bindings.cpu.LayersMemory;
import dev.clusca.bindings.cpu.ModulationMemory;
import dev.clusca.bindings.cpu.PrefixMemory;
import dev.clusca.bindings.cpu.StepMemory;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Enqueues each operation for the worker's thread. Arguments were checked; a tensor whose arena was closed before the work ran is noticed. */
final class CpuOps implements Ops {
    private final Worker worker;
    private final Engine engine;
    private final CpuChoice choice;

    CpuOps(Worker worker, Engine engine, CpuChoice choice) {
        this.worker = worker;
        this.engine = engine;
        this.choice = choice;
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        Shape image = images.shape();
        long elements = weight.shape().elements();
        FloatMemory weightMemory = floats(weight);
        FloatMemory biasMemory = floats(bias);
        FloatMemory xMemory = floats(x);
        enqueue(
                "patchEmbed",
                kernels -> kernels.patchEmbed(
                        images.address(),
                        image.dim(0),
                        image.dim(1),
                        image.dim(2),
                        image.dim(3),
                        weightMemory,
                        biasMemory,
                        address(positions),
                        patch,
                        xMemory,
                        x.shape().dim(0),
                        x.shape().dim(2),
                        engine.scratch(elements * 4)),
                weight,
                bias,
                x);
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        FloatMemory outMemory = floats(out);
        enqueue(
                "timestepFeatures",
                kernels -> kernels.timestepFeatures(
                        timesteps.address(),
                        out.shape().dim(0),
                        shift,
                        outMemory,
                        out.shape().dim(1)),
                out);
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        FloatMemory timeMemory = floats(time);
        FloatMemory tableMemory = floats(table);
        FloatMemory outMemory = floats(out);
        enqueue(
                "conditioning",
                kernels -> kernels.conditioning(
                        timeMemory,
                        out.shape().dim(0),
                        tableMemory,
                        table.shape().dim(0),
                        labels.address(),
                        out.shape().dim(1),
                        outMemory,
                        out.shape().dim(2)),
                time,
                table,
                out);
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        enqueue("gemm", _ -> engine.gemm(a, (CpuLinear) layer, activation, out));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        Residual residual = new Residual(
                (CpuLinear) layer,
                a.address(),
                memory(modulation),
                gate,
                feature == null ? FloatMemory.NONE : floats(feature),
                floats(x),
                x.shape().dim(0),
                x.shape().dim(1));
        enqueue(
                "gemmResidual",
                _ -> engine.products().residual(residual),
                a,
                modulation,
                feature == null ? x : feature,
                x);
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        Shape shape = x.shape();
        FloatMemory xMemory = floats(x);
        FloatMemory outMemory = floats(out);
        ModulationMemory modulationMemory = memory(modulation);
        enqueue(
                "layerNormModulate",
                kernels -> kernels.layerNormModulate(
                        xMemory,
                        shape.dim(0),
                        shape.dim(1),
                        shape.dim(2),
                        modulationMemory,
                        shift,
                        scale,
                        epsilon,
                        outMemory),
                x,
                out,
                modulation);
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        Shape shape = qkv.shape();
        FloatMemory qkvMemory = floats(qkv);
        enqueue(
                "qkNormRope",
                kernels -> kernels.qkNormRope(
                        qkvMemory,
                        shape.dim(0),
                        shape.dim(1),
                        heads,
                        shape.dim(2) / 3 / heads,
                        address(queryScale),
                        address(keyScale),
                        epsilon,
                        address(rotations)),
                qkv);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        choice.requireProducts("attention", qkv.dtype());
        enqueue("attention", _ -> engine.products().attention(qkv, heads, out));
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        FloatMemory featureMemory = floats(feature);
        FloatMemory ladderMemory = floats(ladder);
        StepMemory stepsMemory = memory(steps);
        enqueue(
                "ladderUpdate",
                kernels -> kernels.ladderUpdate(
                        featureMemory,
                        ladderMemory,
                        ladder.shape().dim(0),
                        feature.shape().elements(),
                        stepsMemory),
                feature,
                ladder,
                steps);
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        Shape shape = x.shape();
        FloatMemory ladderMemory = floats(ladder);
        FloatMemory xMemory = floats(x);
        ModulationMemory modulationMemory = memory(modulation);
        enqueue(
                "forecastResidual",
                kernels -> kernels.forecastResidual(
                        ladderMemory,
                        ladder.shape().dim(0),
                        shape.dim(0),
                        shape.dim(1),
                        shape.dim(2),
                        modulationMemory,
                        gate,
                        xMemory),
                ladder,
                x,
                modulation);
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        LayersMemory layersMemory = memory(layers);
        enqueue("forecastPass", kernels -> kernels.forecastPass(layersMemory, x.address()), layers);
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        LayersMemory layersMemory = memory(layers);
        PrefixMemory stateMemory = memory(state);
        enqueue("prefixMaterialise", kernels -> kernels.prefixMaterialise(layersMemory, stateMemory), layers, state);
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        LayersMemory layersMemory = memory(layers);
        PrefixMemory stateMemory = memory(state);
        enqueue("prefixPass", kernels -> kernels.prefixPass(layersMemory, stateMemory, x.address()), layers, state);
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        PrefixMemory stateMemory = memory(state);
        enqueue("prefixGather", kernels -> kernels.prefixGather(stateMemory, layer, out.address()), state);
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        FloatMemory freshMemory = floats(fresh);
        LayersMemory layersMemory = memory(layers);
        PrefixMemory stateMemory = memory(state);
        enqueue(
                "prefixRefresh",
                kernels -> kernels.prefixRefresh(freshMemory, layersMemory, stateMemory, layer),
                fresh,
                layers,
                state);
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        PrefixMemory stateMemory = memory(state);
        enqueue("prefixClose", kernels -> kernels.prefixClose(stateMemory, x.address()), state);
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        FloatMemory featureMemory = floats(feature);
        LayersMemory layersMemory = memory(layers);
        PrefixMemory stateMemory = memory(state);
        enqueue(
                "prefixUpdate",
                kernels -> kernels.prefixUpdate(featureMemory, layersMemory, stateMemory, layer),
                feature,
                layers,
                state);
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        long rows = x.shape().dim(0);
        long width = x.shape().dim(2);
        long clusters = centroids.shape().dim(1);
        FloatMemory xMemory = floats(x);
        enqueue(
                "kMeans",
                kernels -> kernels.kMeans(
                        xMemory,
                        rows,
                        x.shape().dim(1),
                        width,
                        clusters,
                        options.maxIterations(),
                        options.relative(),
                        options.absolute(),
                        options.together(),
                        centroids.address(),
                        labels.address(),
                        iterations.address(),
                        engine.scratch(CpuKernels.kMeansScratch(rows, clusters, width))),
                x);
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        DrawMemory drawsMemory = memory(draws);
        enqueue(
                "drawFirstTokens",
                kernels -> kernels.drawFirstTokens(
                        drawsMemory,
                        tokens.shape().dim(0),
                        count,
                        tokens.shape().dim(1),
                        tokens.address()),
                draws);
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        Shape shape = representatives.shape();
        DrawMemory drawsMemory = memory(draws);
        enqueue(
                "drawRepresentatives",
                kernels -> kernels.drawRepresentatives(
                        drawsMemory,
                        labels.address(),
                        shape.dim(0),
                        shape.dim(1),
                        labels.shape().dim(1),
                        shape.dim(2),
                        representatives.address()),
                draws);
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        Shape shape = rows.shape();
        FloatMemory xMemory = floats(x);
        FloatMemory rowsMemory = floats(rows);
        enqueue(
                "gatherRows",
                kernels -> kernels.gatherRows(
                        xMemory,
                        index.address(),
                        rowsMemory,
                        shape.dim(0),
                        x.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)),
                x,
                rows);
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        Shape shape = rows.shape();
        FloatMemory rowsMemory = floats(rows);
        FloatMemory targetMemory = floats(target);
        enqueue(
                "scatterRows",
                kernels -> kernels.scatterRows(
                        rowsMemory,
                        index.address(),
                        targetMemory,
                        shape.dim(0),
                        target.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)),
                rows,
                target);
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        Shape shape = rows.shape();
        FloatMemory rowsMemory = floats(rows);
        FloatMemory targetMemory = floats(target);
        enqueue(
                "propagate",
                kernels -> kernels.propagate(
                        rowsMemory,
                        index.address(),
                        labels.address(),
                        ratio,
                        targetMemory,
                        shape.dim(0),
                        target.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)),
                rows,
                target);
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        Shape shape = images.shape();
        FloatMemory tokensMemory = floats(tokens);
        enqueue(
                "unpatchify",
                kernels -> kernels.unpatchify(
                        tokensMemory, patch, images.address(), shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)),
                tokens);
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        Shape shape = output.shape();
        enqueue(
                "guidance",
                kernels -> kernels.guidance(
                        output.address(), shape.dim(0) / 2, shape.dim(1), pixels(shape), scale, channels));
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        Shape shape = x.shape();
        StepMemory stepsMemory = memory(steps);
        enqueue(
                "ddimUpdate",
                kernels -> kernels.ddimUpdate(
                        x.address(),
                        output.address(),
                        address(noise),
                        clip,
                        shape.dim(0),
                        shape.dim(1),
                        output.shape().dim(1),
                        pixels(shape),
                        stepsMemory),
                steps);
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        Shape shape = x.shape();
        StepMemory stepsMemory = memory(steps);
        enqueue(
                "ddpmUpdate",
                kernels -> kernels.ddpmUpdate(
                        x.address(),
                        output.address(),
                        noise.address(),
                        clip,
                        shape.dim(0),
                        shape.dim(1),
                        output.shape().dim(1),
                        pixels(shape),
                        stepsMemory),
                steps);
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        FloatMemory sourceMemory = floats(source);
        FloatMemory targetMemory = floats(target);
        enqueue(
                "cast",
                kernels ->
                        kernels.cast(sourceMemory, targetMemory, source.shape().elements()),
                source,
                target);
    }

    @Override
    public void advance(StepTable steps) {
        enqueue("advance", kernels -> {
            MemorySegment cursor = steps.cursor().memory();
            cursor.set(JAVA_INT, 0, cursor.get(JAVA_INT, 0) + 1);
        });
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        Convolution work = Convolution.of(x, (CpuLinear) layer, doubled, residual, out);
        enqueue("convolve", _ -> engine.products().convolve(work), x, residual == null ? x : residual, out);
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        Shape shape = x.shape();
        FloatMemory xMemory = floats(x);
        FloatMemory outMemory = floats(out);
        enqueue(
                "groupNorm",
                kernels -> kernels.groupNorm(
                        xMemory,
                        shape.dim(0),
                        shape.dim(1) * shape.dim(2),
                        shape.dim(3),
                        groups,
                        weight.address(),
                        bias.address(),
                        epsilon,
                        activation.ordinal(),
                        outMemory,
                        engine.scratch(CpuKernels.groupNormScratch(
                                shape.dim(0), shape.dim(1) * shape.dim(2), shape.dim(3), groups))),
                x,
                out);
    }

    /**
     * @param work made once, run as often as the operation is replayed: it holds ready addresses and makes no garbage
     * @param used tensors behind those addresses, or what holds some: their arenas must still be open when it runs
     */
    private void enqueue(String operation, Consumer<CpuKernels> work, Object... used) {
        CpuKernels kernels = engine.kernels();
        Tensor[] tensors = Arrays.stream(used).flatMap(CpuOps::tensors).toArray(Tensor[]::new);
        worker.submit(operation, () -> {
            for (Tensor tensor : tensors) {
                tensor.address(); // throws if it is closed
            }
            work.accept(kernels);
        });
    }

    private static Stream<Tensor> tensors(Object used) {
        return switch (used) {
            case Tensor tensor -> Stream.of(tensor);
            case StepTable steps -> Stream.of(steps.rows(), steps.cursor());
            case Modulation m -> Stream.concat(Stream.of(m.table(), m.conditions()), tensors(m.steps()));
            case CachedLayers l ->
                Stream.concat(Stream.of(l.attention(), l.mlp(), l.table(), l.conditions()), tensors(l.steps()));
            case PrefixState s ->
                Stream.of(s.labels(), s.representatives(), s.retained(), s.rows(), s.propagated(), s.spread());
            case Draws draws -> Stream.concat(Stream.of(draws.rows()), tensors(draws.steps()));
            default -> throw new IllegalArgumentException("no tensors in " + used);
        };
    }

    private static long pixels(Shape images) {
        return images.dim(2) * images.dim(3);
    }

    private static StepMemory memory(StepTable steps) {
        return new StepMemory(
                steps.rows().address(), steps.steps(), steps.cursor().address());
    }

    private static ModulationMemory memory(Modulation modulation) {
        Tensor table = modulation.table();
        return new ModulationMemory(
                floats(table),
                table.shape().dim(1),
                table.shape().dim(2),
                modulation.conditions().address(),
                memory(modulation.steps()));
    }

    private static LayersMemory memory(CachedLayers layers) {
        Shape ladders = layers.mlp().shape();
        return new LayersMemory(
                layers.attention().address(),
                layers.mlp().address(),
                floats(layers.mlp()).type(),
                ladders.dim(1),
                ladders.dim(0),
                ladders.dim(2),
                ladders.dim(3),
                ladders.dim(4),
                layers.attentionGate(),
                layers.mlpGate(),
                layers.table().shape().inner().elements(),
                memory(layers.modulation(0)));
    }

    private static PrefixMemory memory(PrefixState state) {
        Shape rows = state.rows().shape();
        return new PrefixMemory(
                state.labels().address(),
                state.representatives().address(),
                state.retained().address(),
                state.rows().address(),
                state.propagated().address(),
                state.spread().address(),
                rows.dim(0),
                rows.dim(1),
                state.labels().shape().dim(1),
                rows.dim(2),
                rows.dim(3),
                state.ratio());
    }

    private static DrawMemory memory(Draws draws) {
        return new DrawMemory(draws.seed(), draws.rows().address(), draws.stream(), memory(draws.steps()));
    }
}
