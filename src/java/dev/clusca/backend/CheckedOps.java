package dev.clusca.backend;

import static dev.clusca.backend.Check.ANY;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Checks every argument as the contract of {@link Ops} states it, then hands the operation to the backend's own implementation, which may rely on it. What only
 * device memory knows (labels, indices, the step table's values) is not checked here.
 */
public final class CheckedOps implements Ops {
    private static final int MAX_LAYERS = 1 << 16;
    private static final int MAX_STREAMS = 1 << 15;

    private final Ops ops;
    private final Access access;
    private final Layers layers;
    private @Nullable RecordedMemory recorded;

    /** What a backend asks of a tensor's memory. */
    @FunctionalInterface
    public interface Access {
        /** Why the backend cannot use this tensor, as the rest of a sentence that begins with the tensor; null if it can. */
        @Nullable
        String problem(Tensor tensor);
    }

    /** What a backend asks of a linear layer. */
    public interface Layers {
        /** Why the backend cannot use this layer, as the rest of a sentence that begins with "the layer"; null if it can. */
        @Nullable
        String problem(Linear layer);

        /** The weights of a layer that it can use; whatever else belongs to the layer lives as long. */
        Tensor weights(Linear layer);
    }

    /**
     * @param ops does the work
     * @param access what the backend asks of a tensor's memory
     * @param layers what it asks of a layer
     */
    public CheckedOps(Ops ops, Access access, Layers layers) {
        this.ops = ops;
        this.access = tensor -> {
            use(tensor);
            return access.problem(tensor);
        };
        this.layers = layers;
    }

    /**
     * Makes a recording that refuses a replay when an arena of what its operations use was closed.
     *
     * @param record makes it of the work, which it runs once, in this thread
     */
    public Backend.Recording recording(Runnable work, Function<Runnable, Backend.Recording> record) {
        RecordedMemory used = new RecordedMemory();
        return used.guard(record.apply(() -> {
            recorded = used;
            try {
                work.run();
            } finally {
                recorded = null;
            }
        }));
    }

    private void use(Tensor tensor) {
        RecordedMemory memory = recorded;
        if (memory != null) {
            memory.add(tensor);
        }
    }

    /** Checks the arguments of {@link Backend#linear}. */
    public static void checkLinear(Tensor weight, @Nullable Tensor bias, DType dtype) {
        Check check = new Check("linear", CheckedOps::copyable);
        if (dtype == null || !dtype.isCompute()) {
            throw check.error("dtype is " + dtype + "; expected F32 or BF16");
        }
        check.floats("weight", weight, "[outputs, inputs]", ANY, ANY);
        if (bias != null) {
            check.floats("bias", bias, "[outputs]", weight.shape().dim(0));
        }
    }

    private static @Nullable String copyable(Tensor tensor) {
        return tensor.isHost()
                ? HostMemory.accessibleBy(Thread.currentThread()).problem(tensor)
                : "is an address without host memory behind it; weights are copied from host memory: read the tensor into an array, and give that as Tensor.of(MemorySegment.ofArray(array), dtype, shape)";
    }

    /** Checks the arguments of {@link Backend#read} and {@link Backend#write}, which {@code operation} names. */
    public void checkCopy(String operation, Tensor tensor, MemorySegment host) {
        Check check = check(operation);
        if (tensor == null || host == null) {
            throw check.error((tensor == null ? "the tensor" : "the host memory")
                    + " is null; expected a tensor, and host memory of its size");
        }
        String problem = access.problem(tensor);
        if (problem != null) {
            throw check.error("the tensor " + tensor + " " + problem);
        }
        if (host.byteSize() != tensor.bytes()) {
            throw check.error("the host memory has " + host.byteSize() + " bytes; expected the " + tensor.bytes()
                    + " bytes of " + tensor);
        }
        if (operation.equals("write")) {
            check.written("the tensor", tensor);
        }
    }

    @Override
    public void patchEmbed(Tensor images, Tensor weight, Tensor bias, @Nullable Tensor positions, int patch, Tensor x) {
        Check check = check("patchEmbed");
        check.typed("images", images, DType.F32, "[B, channels, h, w]", ANY, ANY, ANY, ANY);
        Shape image = images.shape();
        long tokens = patches(check, image, patch);
        check.floats("x", x, "[R, N, C]", ANY, tokens, ANY);
        long width = x.shape().dim(2);
        check.multiple("the number of rows of x", x.shape().dim(0), "the number of images", image.dim(0));
        check.floats("weight", weight, "[C, channels * patch * patch]", width, image.dim(1) * patch * patch);
        check.floats("bias", bias, "[C]", width);
        if (positions != null) {
            check.typed("positions", positions, DType.F32, "[N, C]", tokens, width);
        }
        check.apart("x", x, "images", images);
        check.apart("x", x, "weight", weight);
        check.apart("x", x, "bias", bias);
        check.apart("x", x, "positions", positions);
        check.written("x", x);
        ops.patchEmbed(images, weight, bias, positions, patch, x);
    }

    @Override
    public void timestepFeatures(Tensor timesteps, int shift, Tensor out) {
        Check check = check("timestepFeatures");
        check.typed("timesteps", timesteps, DType.F32, "[S]", ANY);
        check.floats("out", out, "[S, F]", timesteps.shape().dim(0), ANY);
        check.multiple("the number of features", out.shape().dim(1), "sine and cosine", 2);
        check.range("shift", shift, 0, out.shape().dim(1) / 2 - 1);
        check.apart("out", out, "timesteps", timesteps);
        check.written("out", out);
        ops.timestepFeatures(timesteps, shift, out);
    }

    @Override
    public void conditioning(Tensor time, Tensor table, Tensor labels, Tensor out) {
        Check check = check("conditioning");
        check.floats("time", time, "[S, C]", ANY, ANY);
        long width = time.shape().dim(1);
        check.floats("table", table, "[classes, C]", ANY, width);
        check.typed("labels", labels, DType.I32, "[D]", ANY);
        check.floats(
                "out", out, "[S, D, C]", time.shape().dim(0), labels.shape().dim(0), width);
        check.apart("out", out, "time", time);
        check.apart("out", out, "table", table);
        check.apart("out", out, "labels", labels);
        check.written("out", out);
        ops.conditioning(time, table, labels, out);
    }

    @Override
    public void gemm(Tensor a, Linear layer, Activation activation, Tensor out) {
        Check check = check("gemm");
        layer(check, layer);
        check.endsIn("a", a, layer.dtype(), "[.., inputs]", layer.inputs());
        check.endsIn("out", out, null, "[.., outputs]", layer.outputs());
        long rows = a.shape().elements() / layer.inputs();
        if (out.shape().elements() / layer.outputs() != rows) {
            throw check.error("out is " + out + "; expected the " + rows + " rows of a, which is " + a);
        }
        if (activation == null) {
            throw check.error("activation is null; expected NONE for none");
        }
        check.apart("out", out, "a", a);
        check.written("out", out);
        ops.gemm(a, layer, activation, out);
    }

    @Override
    public void gemmResidual(
            Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        residual(check("gemmResidual"), a, layer, modulation, gate, feature, x);
        ops.gemmResidual(a, layer, modulation, gate, feature, x);
    }

    private void residual(
            Check check, Tensor a, Linear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        layer(check, layer);
        check.typed("a", a, layer.dtype(), "[R, N, inputs]", ANY, ANY, layer.inputs());
        long rows = a.shape().dim(0);
        long tokens = a.shape().dim(1);
        check.floats("x", x, "[R, N, outputs]", rows, tokens, layer.outputs());
        if (feature != null) {
            check.floats("feature", feature, "[R, N, outputs]", rows, tokens, layer.outputs());
        }
        check.modulation(modulation, rows, layer.outputs(), gate);
        check.written("x", x);
        check.written("feature", feature);
        check.apart("x", x, "a", a);
        check.apart("x", x, modulation);
        check.apart("feature", feature, "a", a);
        check.apart("feature", feature, "x", x);
        if (feature != null) {
            check.apart("feature", feature, modulation);
        }
    }

    @Override
    public void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        norm(check("layerNormModulate"), x, modulation, shift, scale, epsilon, out);
        ops.layerNormModulate(x, modulation, shift, scale, epsilon, out);
    }

    private static void norm(
            Check check, Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        check.floats("x", x, "[R, T, C]", ANY, ANY, ANY);
        Shape shape = x.shape();
        check.modulation(modulation, shape.dim(0), shape.dim(2), shift, scale);
        epsilon(check, epsilon);
        check.floats("out", out, "[R, T, C]", shape.dim(0), shape.dim(1), shape.dim(2));
        check.written("out", out);
        check.apart("out", out, "x", x);
        check.apart("out", out, modulation);
    }

    private static void epsilon(Check check, float epsilon) {
        if (!(epsilon >= 0)) {
            throw check.error("epsilon is " + epsilon + "; expected a number of at least 0");
        }
    }

    @Override
    public void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        Check check = check("qkNormRope");
        long headWidth = packed(check, qkv, heads) / heads;
        if (queryScale == null && keyScale == null) {
            if (rotations == null) {
                throw check.error("the scales and the rotations are null; expected scales, rotations, or both");
            }
        } else {
            check.typed("queryScale", queryScale, DType.F32, "[d]", headWidth);
            check.typed("keyScale", keyScale, DType.F32, "[d]", headWidth);
            epsilon(check, epsilon);
            check.apart("qkv", qkv, "queryScale", queryScale);
            check.apart("qkv", qkv, "keyScale", keyScale);
        }
        if (rotations != null) {
            check.multiple("the head width d", headWidth, "the channels of a pair", 2);
            check.typed(
                    "rotations",
                    rotations,
                    DType.F32,
                    "[N, d / 2, 2]",
                    qkv.shape().dim(1),
                    headWidth / 2,
                    2);
            check.apart("qkv", qkv, "rotations", rotations);
        }
        check.written("qkv", qkv);
        ops.qkNormRope(qkv, heads, queryScale, keyScale, epsilon, rotations);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        Check check = check("attention");
        long width = packed(check, qkv, heads);
        Shape shape = qkv.shape();
        check.typed("out", out, qkv.dtype(), "[R, N, C]", shape.dim(0), shape.dim(1), width);
        check.apart("out", out, "qkv", qkv);
        check.written("out", out);
        ops.attention(qkv, heads, out);
    }

    /** The width C of packed queries, keys and values. */
    private static long packed(Check check, Tensor qkv, int heads) {
        check.floats("qkv", qkv, "[R, N, 3 C]", ANY, ANY, ANY);
        check.multiple("the last extent of qkv", qkv.shape().dim(2), "query, key and value", 3);
        long width = qkv.shape().dim(2) / 3;
        check.multiple("the width C", width, "the number of heads", heads);
        return width;
    }

    @Override
    public void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        Check check = check("ladderUpdate");
        check.floats("feature", feature, "[R, N, C]", ANY, ANY, ANY);
        ladder(check, ladder, feature.shape());
        check.steps(steps);
        // The feature may have been computed right into plane 0.
        if (!feature.isSame(ladder.slice(0))) {
            check.apart("ladder", ladder, "feature", feature);
        }
        check.apart("ladder", ladder, steps);
        check.written("ladder", ladder);
        ops.ladderUpdate(feature, ladder, steps);
    }

    @Override
    public void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        Check check = check("forecastResidual");
        check.floats("x", x, "[R, N, C]", ANY, ANY, ANY);
        ladder(check, ladder, x.shape());
        check.modulation(modulation, x.shape().dim(0), x.shape().dim(2), gate);
        check.apart("x", x, "ladder", ladder);
        check.apart("x", x, modulation);
        check.written("x", x);
        ops.forecastResidual(ladder, modulation, gate, x);
    }

    @Override
    public void forecastPass(CachedLayers layers, Tensor x) {
        Check check = check("forecastPass");
        layers(check, layers);
        stream(check, layers, x);
        apart(check, "x", x, layers);
        check.written("x", x);
        ops.forecastPass(layers, x);
    }

    @Override
    public void prefixMaterialise(CachedLayers layers, PrefixState state) {
        Check check = check("prefixMaterialise");
        layers(check, layers);
        prefix(check, state, layers);
        check.apart("the MLP ladders", layers.mlp(), "propagated", state.propagated());
        check.apart("the MLP ladders", layers.mlp(), "labels", state.labels());
        check.written("the MLP ladders", layers.mlp());
        ops.prefixMaterialise(layers, state);
    }

    @Override
    public void prefixPass(CachedLayers layers, PrefixState state, Tensor x) {
        Check check = check("prefixPass");
        layers(check, layers);
        prefix(check, state, layers);
        stream(check, layers, x);
        apart(check, "x", x, layers);
        apart(check, "rows", state.rows(), layers);
        check.apart("rows", state.rows(), "x", x);
        apart(check, "x", x, state);
        check.written("x", x);
        check.written("rows", state.rows());
        ops.prefixPass(layers, state, x);
    }

    @Override
    public void prefixGather(PrefixState state, int layer, Tensor out) {
        gather(check("prefixGather"), state, layer, out);
        ops.prefixGather(state, layer, out);
    }

    private static void gather(Check check, PrefixState state, int layer, Tensor out) {
        prefix(check, state);
        layer(check, layer, state.rows().shape().dim(0));
        check.typed("out", out, DType.F32, "[R, K, C]", state.spread().shape().toArray());
        check.written("out", out);
        check.apart("out", out, "rows", state.rows());
        apart(check, "out", out, state);
    }

    @Override
    public void prefixRefresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        refresh(check("prefixRefresh"), fresh, layers, state, layer);
        ops.prefixRefresh(fresh, layers, state, layer);
    }

    private static void refresh(Check check, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        layers(check, layers);
        prefix(check, state, layers);
        layer(check, layer, state.rows().shape().dim(0));
        check.floats("fresh", fresh, "[R, K, C]", state.spread().shape().toArray());
        check.written("the MLP ladders", layers.mlp());
        check.written("rows", state.rows());
        check.written("propagated", state.propagated());
        check.written("spread", state.spread());
        apart(check, "fresh", fresh, state);
        check.apart("the MLP ladders", layers.mlp(), "fresh", fresh);
        check.apart("rows", state.rows(), "fresh", fresh);
        apart(check, "spread", state.spread(), layers);
        apart(check, "propagated", state.propagated(), layers);
        apart(check, "rows", state.rows(), layers);
    }

    @Override
    public void prefixClose(PrefixState state, Tensor x) {
        Check check = check("prefixClose");
        prefix(check, state);
        Shape rows = state.rows().shape();
        check.typed(
                "x",
                x,
                DType.F32,
                "[R, N, C]",
                rows.dim(1),
                state.labels().shape().dim(1),
                rows.dim(3));
        apart(check, "x", x, state);
        check.apart("x", x, "rows", state.rows());
        check.written("x", x);
        ops.prefixClose(state, x);
    }

    @Override
    public void prefixUpdate(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        update(check("prefixUpdate"), feature, layers, state, layer);
        ops.prefixUpdate(feature, layers, state, layer);
    }

    private static void update(Check check, Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        layers(check, layers);
        prefix(check, state, layers);
        Shape ladder = layers.mlp().shape();
        layer(check, layer, ladder.dim(0));
        check.floats("feature", feature, "[R, N, C]", ladder.dim(2), ladder.dim(3), ladder.dim(4));
        check.written("the MLP ladders", layers.mlp());
        Tensor own = layers.mlp().slice(layer);
        if (!feature.isSame(own.slice(0))) {
            check.apart("the layer's MLP ladder", own, "feature", feature);
        }
        check.apart("the layer's MLP ladder", own, "propagated", state.propagated());
    }

    @Override
    public void gemmLadder(
            Tensor a, Linear layer, Modulation modulation, int gate, Tensor feature, Tensor ladder, Tensor x) {
        Check check = check("gemmLadder");
        residual(check, a, layer, modulation, gate, feature, x);
        working(check, "feature", feature);
        ladder(check, ladder, feature.shape());
        check.apart("ladder", ladder, "feature", feature);
        check.apart("ladder", ladder, "a", a);
        check.apart("ladder", ladder, "x", x);
        check.apart("ladder", ladder, modulation);
        check.written("ladder", ladder);
        ops.gemmLadder(a, layer, modulation, gate, feature, ladder, x);
    }

    @Override
    public void gemmPrefixUpdate(
            Tensor a, Linear layer, Tensor feature, CachedLayers layers, PrefixState state, int index, Tensor x) {
        Check check = check("gemmPrefixUpdate");
        update(check, feature, layers, state, index);
        residual(check, a, layer, layers.modulation(index), layers.mlpGate(), feature, x);
        working(check, "feature", feature);
        Tensor own = layers.mlp().slice(index);
        check.apart("the layer's MLP ladder", own, "feature", feature);
        check.apart("the layer's MLP ladder", own, "a", a);
        check.apart("the layer's MLP ladder", own, "x", x);
        check.apart("x", x, "propagated", state.propagated());
        ops.gemmPrefixUpdate(a, layer, feature, layers, state, index, x);
    }

    @Override
    public void prefixGatherNorm(
            PrefixState state,
            int layer,
            Modulation modulation,
            int shift,
            int scale,
            float epsilon,
            Tensor rows,
            Tensor out) {
        Check check = check("prefixGatherNorm");
        gather(check, state, layer, rows);
        norm(check, rows, modulation, shift, scale, epsilon, out);
        check.apart("out", out, "rows", state.rows());
        apart(check, "out", out, state);
        ops.prefixGatherNorm(state, layer, modulation, shift, scale, epsilon, rows, out);
    }

    @Override
    public void gemmRefresh(Tensor a, Linear linear, Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        Check check = check("gemmRefresh");
        refresh(check, fresh, layers, state, layer);
        working(check, "fresh", fresh);
        layer(check, linear);
        Shape few = fresh.shape();
        check.typed("a", a, linear.dtype(), "[R, K, inputs]", few.dim(0), few.dim(1), linear.inputs());
        check.range("the number of outputs", linear.outputs(), few.dim(2), few.dim(2));
        check.apart("a", a, "fresh", fresh);
        check.apart("a", a, "rows", state.rows());
        check.apart("a", a, "the MLP ladders", layers.mlp());
        apart(check, "a", a, state);
        check.written("fresh", fresh);
        ops.gemmRefresh(a, linear, fresh, layers, state, layer);
    }

    @Override
    public void prefixChain(
            MlpChain chain,
            CachedLayers layers,
            PrefixState state,
            Tensor rows,
            Tensor normed,
            Tensor hidden,
            Tensor fresh) {
        Check check = check("prefixChain");
        if (chain == null) {
            throw check.error("the chain is null; expected the layers' MLPs");
        }
        layers(check, layers);
        prefix(check, state, layers);
        Shape ladders = layers.mlp().shape();
        check.range("the chain's number of layers", chain.layers(), ladders.dim(0), ladders.dim(0));
        check.modulation(layers.modulation(0), ladders.dim(2), ladders.dim(4), chain.shift(), chain.scale());
        epsilon(check, chain.epsilon());
        Shape few = state.spread().shape();
        Linear first = chain.fc1().getFirst();
        for (int layer = 0; layer < chain.layers(); layer++) {
            mlp(check, layer, "fc1", chain.fc1().get(layer), first.dtype(), few.dim(2), first.outputs());
            mlp(check, layer, "fc2", chain.fc2().get(layer), first.dtype(), first.outputs(), few.dim(2));
        }
        check.typed("rows", rows, DType.F32, "[R, K, C]", few.toArray());
        check.typed("fresh", fresh, DType.F32, "[R, K, C]", few.toArray());
        check.typed("normed", normed, first.dtype(), "[R, K, C]", few.toArray());
        check.typed("hidden", hidden, first.dtype(), "[R, K, H]", few.dim(0), few.dim(1), first.outputs());
        List<Tensor> working = List.of(rows, normed, hidden, fresh);
        List<String> names = List.of("the working rows", "normed", "hidden", "fresh");
        for (int i = 0; i < working.size(); i++) {
            check.apart(names.get(i), working.get(i), "rows", state.rows());
            apart(check, names.get(i), working.get(i), state);
            apart(check, names.get(i), working.get(i), layers);
            for (int other = 0; other < i; other++) {
                check.apart(names.get(i), working.get(i), names.get(other), working.get(other));
            }
            check.written(names.get(i), working.get(i));
        }
        apart(check, "rows", state.rows(), layers);
        apart(check, "propagated", state.propagated(), layers);
        apart(check, "spread", state.spread(), layers);
        check.written("rows", state.rows());
        check.written("propagated", state.propagated());
        check.written("spread", state.spread());
        check.written("the MLP ladders", layers.mlp());
        ops.prefixChain(chain, layers, state, rows, normed, hidden, fresh);
    }

    private void mlp(Check check, int index, String name, Linear linear, DType dtype, long inputs, long outputs) {
        layer(check, linear);
        if (linear.dtype() != dtype || linear.inputs() != inputs || linear.outputs() != outputs) {
            throw check.error(name + " of layer " + index + " is "
                    + linear.dtype().label() + " of " + linear.inputs()
                    + " inputs and " + linear.outputs() + " outputs; expected " + dtype.label() + " of " + inputs
                    + " and " + outputs);
        }
    }

    /** Memory for what passes between two operations in one. */
    private static void working(Check check, String name, @Nullable Tensor tensor) {
        if (tensor == null) {
            throw check.error(name + " is null; expected F32 working memory");
        }
        check.typed(
                name, tensor, DType.F32, "the working memory's", tensor.shape().toArray());
    }

    @Override
    public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        Check check = check("kMeans");
        check.floats("x", x, "[R, N, C]", ANY, ANY, ANY);
        long rows = x.shape().dim(0);
        long tokens = x.shape().dim(1);
        check.typed(
                "centroids",
                centroids,
                DType.F32,
                "[R, K, C]",
                rows,
                ANY,
                x.shape().dim(2));
        check.range("the number of clusters K", centroids.shape().dim(1), 1, tokens);
        check.typed("labels", labels, DType.I32, "[R, N]", rows, tokens);
        check.typed("iterations", iterations, DType.I32, "[R]", rows);
        if (options == null) {
            throw check.error("options are null; expected KMeansOptions.DEFAULT or others");
        }
        check.apart("centroids", centroids, "x", x);
        check.apart("labels", labels, "x", x);
        check.apart("labels", labels, "centroids", centroids);
        check.apart("iterations", iterations, "x", x);
        check.apart("iterations", iterations, "centroids", centroids);
        check.apart("iterations", iterations, "labels", labels);
        check.written("centroids", centroids);
        check.written("labels", labels);
        check.written("iterations", iterations);
        ops.kMeans(x, options, centroids, labels, iterations);
    }

    @Override
    public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        Check check = check("drawFirstTokens");
        check.typed("tokens", tokens, DType.I32, "[R, K]", ANY, ANY);
        draws(check, draws, tokens.shape().dim(0), 1);
        check.range("the number of first tokens K", tokens.shape().dim(1), 1, count);
        check.apart("tokens", tokens, "the draws' rows", draws.rows());
        check.apart("tokens", tokens, draws.steps());
        check.written("tokens", tokens);
        ops.drawFirstTokens(draws, count, tokens);
    }

    @Override
    public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        Check check = check("drawRepresentatives");
        check.typed("labels", labels, DType.I32, "[R, N]", ANY, ANY);
        long rows = labels.shape().dim(0);
        check.typed("representatives", representatives, DType.I32, "[L, R, K]", ANY, rows, ANY);
        draws(check, draws, rows, representatives.shape().dim(0));
        check.range(
                "the number of clusters K",
                representatives.shape().dim(2),
                1,
                labels.shape().dim(1));
        check.apart("representatives", representatives, "labels", labels);
        check.apart("representatives", representatives, "the draws' rows", draws.rows());
        check.apart("representatives", representatives, draws.steps());
        check.written("representatives", representatives);
        ops.drawRepresentatives(draws, labels, representatives);
    }

    @Override
    public void gatherRows(Tensor x, Tensor index, Tensor rows) {
        Check check = check("gatherRows");
        check.floats("x", x, "[R, N, C]", ANY, ANY, ANY);
        indexed(check, "x", x, "rows", rows, index);
        check.apart("rows", rows, "x", x);
        check.apart("rows", rows, "index", index);
        check.written("rows", rows);
        ops.gatherRows(x, index, rows);
    }

    @Override
    public void scatterRows(Tensor rows, Tensor index, Tensor target) {
        Check check = check("scatterRows");
        check.floats("target", target, "[R, N, C]", ANY, ANY, ANY);
        indexed(check, "target", target, "rows", rows, index);
        check.apart("target", target, "rows", rows);
        check.apart("target", target, "index", index);
        check.written("target", target);
        ops.scatterRows(rows, index, target);
    }

    @Override
    public void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        Check check = check("propagate");
        check.floats("target", target, "[R, N, C]", ANY, ANY, ANY);
        indexed(check, "target", target, "rows", rows, index);
        check.typed(
                "labels",
                labels,
                DType.I32,
                "[R, N]",
                target.shape().dim(0),
                target.shape().dim(1));
        if (!(ratio >= 0 && ratio <= 1)) {
            throw check.error("the propagation ratio is " + ratio + "; expected 0 to 1");
        }
        check.apart("target", target, "rows", rows);
        check.apart("target", target, "index", index);
        check.apart("target", target, "labels", labels);
        check.written("target", target);
        ops.propagate(rows, index, labels, ratio, target);
    }

    @Override
    public void unpatchify(Tensor tokens, int patch, Tensor images) {
        Check check = check("unpatchify");
        check.typed("images", images, DType.F32, "[R, channels, h, w]", ANY, ANY, ANY, ANY);
        Shape image = images.shape();
        long count = patches(check, image, patch);
        check.floats(
                "tokens",
                tokens,
                "[R, N, patch * patch * channels]",
                image.dim(0),
                count,
                image.dim(1) * patch * patch);
        check.apart("images", images, "tokens", tokens);
        check.written("images", images);
        ops.unpatchify(tokens, patch, images);
    }

    @Override
    public void guidance(Tensor output, float scale, int channels) {
        Check check = check("guidance");
        check.typed("output", output, DType.F32, "[2 B, channels, h, w]", ANY, ANY, ANY, ANY);
        check.multiple("the number of rows", output.shape().dim(0), "a conditional and an unconditional half", 2);
        check.range("the number of guided channels", channels, 1, output.shape().dim(1));
        check.written("output", output);
        ops.guidance(output, scale, channels);
    }

    @Override
    public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor noise, boolean clip, StepTable steps) {
        Check check = check("ddimUpdate");
        update(check, x, output, noise, 1, steps);
        ops.ddimUpdate(x, output, noise, clip, steps);
    }

    @Override
    public void ddpmUpdate(Tensor x, Tensor output, Tensor noise, boolean clip, StepTable steps) {
        Check check = check("ddpmUpdate");
        if (noise == null) {
            throw check.error("noise is null; expected an F32 tensor of the shape of x, " + x);
        }
        update(check, x, output, noise, 2, steps);
        ops.ddpmUpdate(x, output, noise, clip, steps);
    }

    @Override
    public void cast(Tensor source, Tensor target) {
        Check check = check("cast");
        check.floats("source", source, "of the shape it has", source.shape().toArray());
        check.floats("target", target, "of the source's shape", source.shape().toArray());
        check.apart("target", target, "source", source);
        check.written("target", target);
        ops.cast(source, target);
    }

    @Override
    public void advance(StepTable steps) {
        Check check = check("advance");
        check.steps(steps);
        check.apart("the cursor", steps.cursor(), "the rows", steps.rows());
        check.written("the cursor", steps.cursor());
        ops.advance(steps);
    }

    @Override
    public void convolve(Tensor x, Linear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        Check check = check("convolve");
        layer(check, layer);
        check.typed("x", x, layer.dtype(), "[B, h, w, C]", ANY, ANY, ANY, ANY);
        Shape shape = x.shape();
        long channels = shape.dim(3);
        if (layer.inputs() != channels && layer.inputs() != 9 * channels) {
            throw check.error("the layer has " + layer.inputs() + " inputs; expected the " + channels
                    + " channels of x for a filter of size 1, or nine times as many for size 3");
        }
        int scale = doubled ? 2 : 1;
        check.floats(
                "out",
                out,
                doubled ? "[B, 2 h, 2 w, outputs]" : "[B, h, w, outputs]",
                shape.dim(0),
                scale * shape.dim(1),
                scale * shape.dim(2),
                layer.outputs());
        if (residual != null) {
            check.floats("residual", residual, "the shape of out", out.shape().toArray());
            if (!out.isSame(residual)) {
                check.apart("out", out, "residual", residual);
            }
        }
        check.apart("out", out, "x", x);
        check.written("out", out);
        ops.convolve(x, layer, doubled, residual, out);
    }

    @Override
    public void groupNorm(
            Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        Check check = check("groupNorm");
        check.floats("x", x, "[B, h, w, C]", ANY, ANY, ANY, ANY);
        long channels = x.shape().dim(3);
        check.multiple("the number of channels of x", channels, "the number of groups", groups);
        check.typed("weight", weight, DType.F32, "[C]", channels);
        check.typed("bias", bias, DType.F32, "[C]", channels);
        if (!(epsilon > 0 && epsilon < Float.POSITIVE_INFINITY)) {
            throw check.error("epsilon is " + epsilon + "; expected a finite number above 0");
        }
        if (activation != Activation.NONE && activation != Activation.SILU) {
            throw check.error("activation is " + activation + "; expected NONE or SILU");
        }
        check.floats("out", out, "the shape of x", x.shape().toArray());
        if (!out.isSame(x)) {
            check.apart("out", out, "x", x);
        }
        check.apart("out", out, "weight", weight);
        check.apart("out", out, "bias", bias);
        check.written("out", out);
        ops.groupNorm(x, groups, weight, bias, epsilon, activation, out);
    }

    private Check check(String operation) {
        return new Check(operation, access);
    }

    private void layer(Check check, @Nullable Linear layer) {
        if (layer == null) {
            throw check.error("the layer is null; expected one that this backend made");
        }
        String problem = layers.problem(layer);
        if (problem != null) {
            throw check.error("the layer " + problem);
        }
        Tensor weights = layers.weights(layer);
        if (!weights.scope().isAlive()) {
            throw new IllegalStateException(
                    "a layer of " + layer.inputs() + " inputs and " + layer.outputs()
                            + " outputs was used after its arena was closed; keep the arena open for as long as the layer is in use");
        }
        RecordedMemory memory = recorded;
        if (memory != null) {
            memory.add(layer, weights);
        }
    }

    /** What a backend says of a layer of another class than those that it makes. */
    public static String foreign(Linear layer) {
        return "is a " + layer.getClass().getSimpleName() + "; expected one that this backend made";
    }

    private static long patches(Check check, Shape image, int patch) {
        check.multiple("the height of the images", image.dim(2), "the patch size", patch);
        check.multiple("the width of the images", image.dim(3), "the patch size", patch);
        return (image.dim(2) / patch) * (image.dim(3) / patch);
    }

    private static void ladder(Check check, Tensor ladder, Shape feature) {
        check.floats("ladder", ladder, "[order + 1, R, N, C]", ANY, feature.dim(0), feature.dim(1), feature.dim(2));
        check.range("the ladder's number of planes", ladder.shape().dim(0), 1, StepTable.Column.MAX_TERMS);
    }

    /** Ladders and gates of all layers. */
    private static void layers(Check check, @Nullable CachedLayers layers) {
        if (layers == null) {
            throw check.error("the layers are null; expected their ladders and gates");
        }
        check.floats("the attention ladders", layers.attention(), "[L, order + 1, R, N, C]", ANY, ANY, ANY, ANY, ANY);
        Shape ladders = layers.attention().shape();
        check.range("the ladders' number of planes", ladders.dim(1), 1, StepTable.Column.MAX_TERMS);
        check.typed(
                "the MLP ladders",
                layers.mlp(),
                layers.attention().dtype(),
                "[L, order + 1, R, N, C]",
                ladders.toArray());
        check.apart("the MLP ladders", layers.mlp(), "the attention ladders", layers.attention());
        check.floats(
                "the modulations' table",
                layers.table(),
                "[L, steps, conditions, chunks, C]",
                ladders.dim(0),
                ANY,
                ANY,
                ANY,
                ladders.dim(4));
        check.modulation(
                layers.modulation(0), ladders.dim(2), ladders.dim(4), layers.attentionGate(), layers.mlpGate());
    }

    private static void stream(Check check, CachedLayers layers, Tensor x) {
        Shape ladders = layers.attention().shape();
        check.typed("x", x, DType.F32, "[R, N, C]", ladders.dim(2), ladders.dim(3), ladders.dim(4));
    }

    /** A state in itself. */
    private static PrefixState prefix(Check check, @Nullable PrefixState state) {
        if (state == null) {
            throw check.error("the prefix state is null; expected the clusters' labels and memory");
        }
        check.typed("labels", state.labels(), DType.I32, "[R, N]", ANY, ANY);
        check.typed("rows", state.rows(), DType.F32, "[L, R, K, C]", ANY, ANY, ANY, ANY);
        Shape rows = state.rows().shape();
        check.typed("labels", state.labels(), DType.I32, "[R, N]", rows.dim(1), ANY);
        check.range(
                "the number of clusters K",
                rows.dim(2),
                1,
                state.labels().shape().dim(1));
        check.typed("propagated", state.propagated(), DType.F32, "[L, R, K, C]", rows.toArray());
        check.typed(
                "representatives",
                state.representatives(),
                DType.I32,
                "[L, R, K]",
                rows.dim(0),
                rows.dim(1),
                rows.dim(2));
        check.typed("spread", state.spread(), DType.F32, "[R, K, C]", rows.dim(1), rows.dim(2), rows.dim(3));
        check.typed("retained", state.retained(), DType.F32, "[steps, 2]", ANY, 2);
        check.apart("rows", state.rows(), "propagated", state.propagated());
        check.apart("rows", state.rows(), "spread", state.spread());
        check.apart("propagated", state.propagated(), "spread", state.spread());
        if (!(state.ratio() >= 0 && state.ratio() <= 1)) {
            throw check.error("the propagation ratio is " + state.ratio() + "; expected 0 to 1");
        }
        return state;
    }

    /** A state that goes with these layers. */
    private static void prefix(Check check, @Nullable PrefixState given, CachedLayers layers) {
        PrefixState state = prefix(check, given);
        Shape ladders = layers.mlp().shape();
        Shape rows = state.rows().shape();
        check.typed(
                "rows", state.rows(), DType.F32, "[L, R, K, C]", ladders.dim(0), ladders.dim(2), ANY, ladders.dim(4));
        check.typed("labels", state.labels(), DType.I32, "[R, N]", rows.dim(1), ladders.dim(3));
        check.typed(
                "retained",
                state.retained(),
                DType.F32,
                "[steps, 2]",
                layers.steps().steps(),
                2);
    }

    private static void layer(Check check, int layer, long layers) {
        check.range("the layer", layer, 0, layers - 1);
    }

    /** An output shares no byte with what all layers read. */
    private static void apart(Check check, String outputName, Tensor output, CachedLayers layers) {
        check.apart(outputName, output, "the attention ladders", layers.attention());
        check.apart(outputName, output, "the MLP ladders", layers.mlp());
        check.apart(outputName, output, "the modulations' table", layers.table());
        check.apart(outputName, output, layers.modulation(0));
    }

    /** An output shares no byte with a state's clusters and sums. */
    private static void apart(Check check, String outputName, Tensor output, PrefixState state) {
        check.apart(outputName, output, "labels", state.labels());
        check.apart(outputName, output, "representatives", state.representatives());
        check.apart(outputName, output, "retained", state.retained());
        check.apart(outputName, output, "propagated", state.propagated());
        check.apart(outputName, output, "spread", state.spread());
    }

    private static void draws(Check check, @Nullable Draws draws, long rows, long layers) {
        if (draws == null) {
            throw check.error("the draws are null; expected a seed, the rows' image ids and a step table");
        }
        check.typed("the draws' rows", draws.rows(), DType.I32, "[R]", rows);
        check.range("the number of layers", layers, 1, MAX_LAYERS);
        check.range("the draws' stream", draws.stream(), 0, MAX_STREAMS - 1);
        check.steps(draws.steps());
    }

    /** Rows {@code [R, K, C]} and their index {@code [R, K]} into the tokens of {@code whole}, which is {@code [R, N, C]}. */
    private static void indexed(
            Check check, String wholeName, Tensor whole, String rowsName, Tensor rows, Tensor index) {
        Shape shape = whole.shape();
        check.floats(rowsName, rows, "[R, K, C]", shape.dim(0), ANY, shape.dim(2));
        check.typed(
                "index", index, DType.I32, "[R, K]", shape.dim(0), rows.shape().dim(1));
        check.range(
                "the number of rows K for the tokens of " + wholeName,
                rows.shape().dim(1),
                1,
                shape.dim(1));
    }

    /** A sampler update; the output holds {@code parts} times the channels of x: the noise, then what the sampler reads besides. */
    private static void update(
            Check check, Tensor x, Tensor output, @Nullable Tensor noise, int parts, StepTable steps) {
        check.typed("x", x, DType.F32, "[B, channels, h, w]", ANY, ANY, ANY, ANY);
        Shape shape = x.shape();
        check.typed("output", output, DType.F32, "[R, c, h, w]", ANY, ANY, shape.dim(2), shape.dim(3));
        check.atLeast("the number of rows of output", output.shape().dim(0), shape.dim(0));
        check.atLeast(
                (parts == 1 ? "" : "the update needs a variance after the noise, and ")
                        + "the number of channels of output",
                output.shape().dim(1),
                parts * shape.dim(1));
        if (noise != null) {
            check.typed("noise", noise, DType.F32, "the shape of x", shape.toArray());
        }
        check.steps(steps);
        check.apart("x", x, "output", output);
        check.written("x", x);
        check.apart("x", x, "noise", noise);
        check.apart("x", x, steps);
    }
}
