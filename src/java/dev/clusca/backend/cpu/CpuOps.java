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
import dev.clusca.bindings.cpu.LayersMemory;
import dev.clusca.bindings.cpu.ModulationMemory;
import dev.clusca.bindings.cpu.PrefixMemory;
import dev.clusca.bindings.cpu.StepMemory;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Enqueues each operation for the worker's thread. Arguments were checked; addresses are taken when the work runs, so a tensor whose arena was closed is noticed. */
final class CpuOps implements Ops {
    private final Worker worker;
    private final Engine engine;

    CpuOps(Worker worker, Engine engine) {
        this.worker = worker;
        this.engine = engine;
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        Shape image = images.shape();
        long elements = weight.shape().elements();
        enqueue(
                "patchEmbed",
                kernels -> kernels.patchEmbed(
                        images.address(),
                        image.dim(0),
                        image.dim(1),
                        image.dim(2),
                        image.dim(3),
                        floats(weight),
                        floats(bias),
                        address(positions),
                        patch,
                        floats(x),
                        x.shape().dim(0),
                        x.shape().dim(2),
                        engine.scratch(elements * 4)));
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        enqueue(
                "timestepFeatures",
                kernels -> kernels.timestepFeatures(
                        timesteps.address(),
                        out.shape().dim(0),
                        shift,
                        floats(out),
                        out.shape().dim(1)));
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        enqueue(
                "conditioning",
                kernels -> kernels.conditioning(
                        floats(time),
                        out.shape().dim(0),
                        floats(table),
                        table.shape().dim(0),
                        labels.address(),
                        out.shape().dim(1),
                        floats(out),
                        out.shape().dim(2)));
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        enqueue("gemm", kernels -> engine.gemm(a, (CpuLinear) layer, activation, out));
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        enqueue(
                "gemmResidual",
                kernels -> engine.gemmResidual(a, (CpuLinear) layer, memory(modulation), gate, feature, x));
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        Shape shape = x.shape();
        enqueue(
                "layerNormModulate",
                kernels -> kernels.layerNormModulate(
                        floats(x),
                        shape.dim(0),
                        shape.dim(1),
                        shape.dim(2),
                        memory(modulation),
                        shift,
                        scale,
                        epsilon,
                        floats(out)));
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        enqueue("attention", kernels -> engine.products().attention(qkv, heads, out));
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        enqueue(
                "ladderUpdate",
                kernels -> kernels.ladderUpdate(
                        floats(feature),
                        floats(ladder),
                        ladder.shape().dim(0),
                        feature.shape().elements(),
                        memory(steps)));
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        Shape shape = x.shape();
        enqueue(
                "forecastResidual",
                kernels -> kernels.forecastResidual(
                        floats(ladder),
                        ladder.shape().dim(0),
                        shape.dim(0),
                        shape.dim(1),
                        shape.dim(2),
                        memory(modulation),
                        gate,
                        floats(x)));
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        enqueue("forecastPass", kernels -> kernels.forecastPass(memory(layers), x.address()));
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        enqueue("prefixMaterialise", kernels -> kernels.prefixMaterialise(memory(layers), memory(state)));
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        enqueue("prefixPass", kernels -> kernels.prefixPass(memory(layers), memory(state), x.address()));
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        enqueue("prefixGather", kernels -> kernels.prefixGather(memory(state), layer, out.address()));
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        enqueue("prefixRefresh", kernels -> kernels.prefixRefresh(floats(fresh), memory(layers), memory(state), layer));
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        enqueue("prefixClose", kernels -> kernels.prefixClose(memory(state), x.address()));
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        enqueue("prefixUpdate", kernels -> kernels.prefixUpdate(floats(feature), memory(layers), memory(state), layer));
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        long rows = x.shape().dim(0);
        long width = x.shape().dim(2);
        long clusters = centroids.shape().dim(1);
        enqueue(
                "kMeans",
                kernels -> kernels.kMeans(
                        floats(x),
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
                        engine.scratch(CpuKernels.kMeansScratch(rows, clusters, width))));
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        enqueue(
                "drawFirstTokens",
                kernels -> kernels.drawFirstTokens(
                        memory(draws),
                        tokens.shape().dim(0),
                        count,
                        tokens.shape().dim(1),
                        tokens.address()));
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        Shape shape = representatives.shape();
        enqueue(
                "drawRepresentatives",
                kernels -> kernels.drawRepresentatives(
                        memory(draws),
                        labels.address(),
                        shape.dim(0),
                        shape.dim(1),
                        labels.shape().dim(1),
                        shape.dim(2),
                        representatives.address()));
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        Shape shape = rows.shape();
        enqueue(
                "gatherRows",
                kernels -> kernels.gatherRows(
                        floats(x),
                        index.address(),
                        floats(rows),
                        shape.dim(0),
                        x.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)));
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        Shape shape = rows.shape();
        enqueue(
                "scatterRows",
                kernels -> kernels.scatterRows(
                        floats(rows),
                        index.address(),
                        floats(target),
                        shape.dim(0),
                        target.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)));
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        Shape shape = rows.shape();
        enqueue(
                "propagate",
                kernels -> kernels.propagate(
                        floats(rows),
                        index.address(),
                        labels.address(),
                        ratio,
                        floats(target),
                        shape.dim(0),
                        target.shape().dim(1),
                        shape.dim(1),
                        shape.dim(2)));
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        Shape shape = images.shape();
        enqueue(
                "unpatchify",
                kernels -> kernels.unpatchify(
                        floats(tokens),
                        patch,
                        images.address(),
                        shape.dim(0),
                        shape.dim(1),
                        shape.dim(2),
                        shape.dim(3)));
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
                        memory(steps)));
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        Shape shape = x.shape();
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
                        memory(steps)));
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        enqueue(
                "cast",
                kernels -> kernels.cast(
                        floats(source), floats(target), source.shape().elements()));
    }

    @Override
    public void advance(StepTable steps) {
        enqueue("advance", kernels -> {
            MemorySegment cursor = steps.cursor().memory();
            cursor.set(JAVA_INT, 0, cursor.get(JAVA_INT, 0) + 1);
        });
    }

    private void enqueue(String operation, Consumer<CpuKernels> work) {
        worker.submit(operation, () -> work.accept(engine.kernels()));
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
