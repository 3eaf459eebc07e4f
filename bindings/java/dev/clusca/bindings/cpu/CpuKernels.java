package dev.clusca.bindings.cpu;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.Calls;
import dev.clusca.bindings.CpuLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The kernels of {@code native/cpu}, one method for each: parameters as in {@code kernels.h}, addresses as numbers. They run when called, in the calling thread and
 * its OpenMP team, and throw {@link CpuKernelException} for contents that they cannot work with. Nothing else is checked: a wrong address or extent ends the JVM.
 *
 * <p>An object serves one thread at a time; it holds the memory in which structs are passed.
 */
public final class CpuKernels {
    /** Room for one {@code struct layers}, the largest. */
    private static final int STRUCT_BYTES = 160;

    private final MemorySegment struct;

    /** For {@code struct prefix}, which is passed beside another. */
    private final MemorySegment second;

    /** @param arena keeps the memory for structs */
    public CpuKernels(Arena arena) {
        struct = arena.allocate(STRUCT_BYTES, 8);
        second = arena.allocate(STRUCT_BYTES, 8);
    }

    private static final class PatchEmbed {
        static final MethodHandle HANDLE = kernel(
                "patch_embed",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class TimestepFeatures {
        static final MethodHandle HANDLE =
                kernel("timestep_features", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG);
    }

    private static final class Conditioning {
        static final MethodHandle HANDLE = kernel(
                "conditioning",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class PackWeights {
        static final MethodHandle HANDLE =
                kernel("pack_weights", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    }

    private static final class Multiply {
        static final MethodHandle HANDLE = kernel(
                "multiply",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class MultiplyResidual {
        static final MethodHandle HANDLE = kernel(
                "multiply_residual",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class Attention {
        static final MethodHandle HANDLE = kernel(
                "attention",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class LayerNormModulate {
        static final MethodHandle HANDLE = kernel(
                "layer_norm_modulate",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_FLOAT,
                JAVA_LONG,
                JAVA_INT);
    }

    private static final class QkNormRope {
        static final MethodHandle HANDLE = kernel(
                "qk_norm_rope",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_FLOAT,
                JAVA_LONG);
    }

    private static final class GateResidual {
        static final MethodHandle HANDLE = kernel(
                "gate_residual",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT);
    }

    private static final class Softmax {
        static final MethodHandle HANDLE =
                kernel("softmax", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_LONG, JAVA_INT);
    }

    private static final class Convolve {
        static final MethodHandle HANDLE = kernel(
                "convolve",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class Unfold {
        static final MethodHandle HANDLE = kernel(
                "unfold", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG,
                JAVA_LONG, JAVA_LONG);
    }

    private static final class AddResidual {
        static final MethodHandle HANDLE =
                kernel("add_residual", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG);
    }

    private static final class GroupNorm {
        static final MethodHandle HANDLE = kernel(
                "group_norm",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_FLOAT,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG);
    }

    private static final class LadderUpdate {
        static final MethodHandle HANDLE =
                kernel("ladder_update", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class ForecastResidual {
        static final MethodHandle HANDLE = kernel(
                "forecast_residual",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT);
    }

    private static final class ForecastPass {
        static final MethodHandle HANDLE = kernel("forecast_pass", JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixMaterialise {
        static final MethodHandle HANDLE = kernel("prefix_materialise", JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixPass {
        static final MethodHandle HANDLE = kernel("prefix_pass", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixGather {
        static final MethodHandle HANDLE = kernel("prefix_gather", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixRefresh {
        static final MethodHandle HANDLE =
                kernel("prefix_refresh", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixClose {
        static final MethodHandle HANDLE = kernel("prefix_close", JAVA_LONG, JAVA_LONG);
    }

    private static final class PrefixUpdate {
        static final MethodHandle HANDLE =
                kernel("prefix_update", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class KMeans {
        static final MethodHandle HANDLE = kernel(
                "k_means",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_FLOAT,
                JAVA_FLOAT,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class DrawFirstTokens {
        static final MethodHandle HANDLE =
                kernel("draw_first_tokens", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class DrawRepresentatives {
        static final MethodHandle HANDLE = kernel(
                "draw_representatives", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class GatherRows {
        static final MethodHandle HANDLE = kernel(
                "gather_rows",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class ScatterRows {
        static final MethodHandle HANDLE = kernel(
                "scatter_rows",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class Propagate {
        static final MethodHandle HANDLE = kernel(
                "propagate",
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_FLOAT,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class Cast {
        static final MethodHandle HANDLE = kernel("cast", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG);
    }

    private static final class MultiplyAdds {
        static final MethodHandle HANDLE = kernel("multiply_adds", JAVA_LONG, JAVA_INT, JAVA_LONG);
    }

    private static final class Sum {
        static final MethodHandle HANDLE = kernel("sum", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class Negate {
        static final MethodHandle HANDLE = kernel("negate", JAVA_LONG, JAVA_LONG);
    }

    private static final class Unpatchify {
        static final MethodHandle HANDLE = kernel(
                "unpatchify", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static final class Guidance {
        static final MethodHandle HANDLE =
                kernel("guidance", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_LONG);
    }

    private static final class DdimUpdate {
        static final MethodHandle HANDLE = kernel(
                "ddim_update",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class DdpmUpdate {
        static final MethodHandle HANDLE = kernel(
                "ddpm_update",
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_LONG);
    }

    private static final class SetThreads {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_set_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    }

    private static final class AttentionScratch {
        static final MethodHandle HANDLE = CpuLibrary.gate()
                .downcall("clusca_cpu_attention_scratch", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    private static final class ConvolveScratch {
        static final MethodHandle HANDLE = CpuLibrary.gate()
                .downcall(
                        "clusca_cpu_convolve_scratch",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    private static final class GroupNormScratch {
        static final MethodHandle HANDLE = CpuLibrary.gate()
                .downcall(
                        "clusca_cpu_group_norm_scratch",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    private static final class KMeansScratch {
        static final MethodHandle HANDLE = CpuLibrary.gate()
                .downcall(
                        "clusca_cpu_k_means_scratch",
                        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    }

    public void patchEmbed(
            long images,
            long imageCount,
            long channels,
            long height,
            long width,
            FloatMemory weight,
            FloatMemory bias,
            long positions,
            long patch,
            FloatMemory x,
            long batchRows,
            long tokenWidth,
            long scratch) {
        try {
            check((int) PatchEmbed.HANDLE.invokeExact(
                    images,
                    imageCount,
                    channels,
                    height,
                    width,
                    weight.address(),
                    weight.type(),
                    bias.address(),
                    bias.type(),
                    positions,
                    patch,
                    x.address(),
                    x.type(),
                    batchRows,
                    tokenWidth,
                    scratch));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void timestepFeatures(long timesteps, long count, int shift, FloatMemory out, long features) {
        try {
            check((int)
                    TimestepFeatures.HANDLE.invokeExact(timesteps, count, shift, out.address(), out.type(), features));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void conditioning(
            FloatMemory time,
            long count,
            FloatMemory table,
            long classes,
            long labels,
            long labelCount,
            FloatMemory out,
            long width) {
        try {
            check((int) Conditioning.HANDLE.invokeExact(
                    time.address(),
                    time.type(),
                    count,
                    table.address(),
                    table.type(),
                    classes,
                    labels,
                    labelCount,
                    out.address(),
                    out.type(),
                    width));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void packWeights(FloatMemory weight, long outputs, long inputs, FloatMemory packed) {
        try {
            check((int) PackWeights.HANDLE.invokeExact(
                    weight.address(), weight.type(), outputs, inputs, packed.address(), packed.type()));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * @param a of the weights' type
     * @param activation {@code enum activation} in {@code product.c}
     */
    public void multiply(
            long a,
            long rows,
            long inputs,
            FloatMemory packed,
            long bias,
            long outputs,
            int activation,
            long out,
            int outType,
            long room) {
        try {
            check((int) Multiply.HANDLE.invokeExact(
                    a, rows, inputs, packed.address(), packed.type(), bias, outputs, activation, out, outType, room));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** @param a of the weights' type */
    public void multiplyResidual(
            long a,
            long batchRows,
            long tokens,
            long inputs,
            FloatMemory packed,
            long bias,
            long outputs,
            ModulationMemory modulation,
            int gate,
            FloatMemory feature,
            FloatMemory x,
            long room) {
        try {
            check((int) MultiplyResidual.HANDLE.invokeExact(
                    a,
                    batchRows,
                    tokens,
                    inputs,
                    packed.address(),
                    packed.type(),
                    bias,
                    outputs,
                    pass(modulation),
                    gate,
                    feature.address(),
                    feature.type(),
                    x.address(),
                    x.type(),
                    room));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void attention(
            long qkv,
            int qkvType,
            long batchRows,
            long tokens,
            long heads,
            long headWidth,
            long out,
            int outType,
            long scratch) {
        try {
            check((int) Attention.HANDLE.invokeExact(
                    qkv, qkvType, batchRows, tokens, heads, headWidth, out, outType, scratch));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void layerNormModulate(
            FloatMemory x,
            long batchRows,
            long tokens,
            long width,
            ModulationMemory modulation,
            int shift,
            int scale,
            float epsilon,
            FloatMemory out) {
        try {
            check((int) LayerNormModulate.HANDLE.invokeExact(
                    x.address(),
                    x.type(),
                    batchRows,
                    tokens,
                    width,
                    pass(modulation),
                    shift,
                    scale,
                    epsilon,
                    out.address(),
                    out.type()));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * @param queryScale 0, as keyScale, for no norm
     * @param rotations 0 for none
     */
    public void qkNormRope(
            FloatMemory qkv,
            long batchRows,
            long tokens,
            long heads,
            long headWidth,
            long queryScale,
            long keyScale,
            float epsilon,
            long rotations) {
        try {
            check((int) QkNormRope.HANDLE.invokeExact(
                    qkv.address(),
                    qkv.type(),
                    batchRows,
                    tokens,
                    heads,
                    headWidth,
                    queryScale,
                    keyScale,
                    epsilon,
                    rotations));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void gateResidual(
            long product,
            long first,
            long count,
            long batchRows,
            long tokens,
            long width,
            ModulationMemory modulation,
            int gate,
            FloatMemory feature,
            FloatMemory x) {
        try {
            check((int) GateResidual.HANDLE.invokeExact(
                    product,
                    first,
                    count,
                    batchRows,
                    tokens,
                    width,
                    pass(modulation),
                    gate,
                    feature.address(),
                    feature.type(),
                    x.address(),
                    x.type()));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void softmax(long scores, long rows, long columns, float scale, FloatMemory out) {
        try {
            check((int) Softmax.HANDLE.invokeExact(scores, rows, columns, scale, out.address(), out.type()));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * @param x of the weights' type
     * @param size 1 or 3
     * @param bias 0 for none
     * @param residual its address is 0 for none
     * @param window float {@code [rows of a piece + size - 1, width + size - 1, channels]}
     */
    public void convolve(
            long x,
            long images,
            long height,
            long width,
            long channels,
            long size,
            boolean doubled,
            FloatMemory packed,
            long bias,
            FloatMemory residual,
            long outputs,
            FloatMemory out,
            long window) {
        try {
            check((int) Convolve.HANDLE.invokeExact(
                    x,
                    images,
                    height,
                    width,
                    channels,
                    size,
                    doubled ? 1 : 0,
                    packed.address(),
                    packed.type(),
                    bias,
                    residual.address(),
                    residual.type(),
                    outputs,
                    out.address(),
                    out.type(),
                    window));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void unfold(
            FloatMemory x,
            long height,
            long width,
            long channels,
            long size,
            boolean doubled,
            long first,
            long count,
            long rows) {
        try {
            check((int) Unfold.HANDLE.invokeExact(
                    x.address(), x.type(), height, width, channels, size, doubled ? 1 : 0, first, count, rows));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void addResidual(long f, FloatMemory residual, FloatMemory out, long elements) {
        try {
            check((int) AddResidual.HANDLE.invokeExact(
                    f, residual.address(), residual.type(), out.address(), out.type(), elements));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * @param activation {@code enum activation} in {@code group_norm.c}
     * @param scratch as many bytes as {@link #groupNormScratch} says
     */
    public void groupNorm(
            FloatMemory x,
            long images,
            long pixels,
            long channels,
            long groups,
            long weight,
            long bias,
            float epsilon,
            int activation,
            FloatMemory out,
            long scratch) {
        try {
            check((int) GroupNorm.HANDLE.invokeExact(
                    x.address(),
                    x.type(),
                    images,
                    pixels,
                    channels,
                    groups,
                    weight,
                    bias,
                    epsilon,
                    activation,
                    out.address(),
                    out.type(),
                    scratch));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void ladderUpdate(
            FloatMemory feature, FloatMemory ladder, long planes, long planeElements, StepMemory steps) {
        try {
            check((int) LadderUpdate.HANDLE.invokeExact(
                    feature.address(),
                    feature.type(),
                    ladder.address(),
                    ladder.type(),
                    planes,
                    planeElements,
                    pass(steps)));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void forecastResidual(
            FloatMemory ladder,
            long planes,
            long batchRows,
            long tokens,
            long width,
            ModulationMemory modulation,
            int gate,
            FloatMemory x) {
        try {
            check((int) ForecastResidual.HANDLE.invokeExact(
                    ladder.address(),
                    ladder.type(),
                    planes,
                    batchRows,
                    tokens,
                    width,
                    pass(modulation),
                    gate,
                    x.address(),
                    x.type()));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void forecastPass(LayersMemory layers, long x) {
        try {
            check((int) ForecastPass.HANDLE.invokeExact(pass(layers), x));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixMaterialise(LayersMemory layers, PrefixMemory prefix) {
        try {
            check((int) PrefixMaterialise.HANDLE.invokeExact(pass(layers), pass(prefix)));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixPass(LayersMemory layers, PrefixMemory prefix, long x) {
        try {
            check((int) PrefixPass.HANDLE.invokeExact(pass(layers), pass(prefix), x));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixGather(PrefixMemory prefix, long layer, long out) {
        try {
            check((int) PrefixGather.HANDLE.invokeExact(pass(prefix), layer, out));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixRefresh(FloatMemory fresh, LayersMemory layers, PrefixMemory prefix, long layer) {
        try {
            check((int)
                    PrefixRefresh.HANDLE.invokeExact(fresh.address(), fresh.type(), pass(layers), pass(prefix), layer));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixClose(PrefixMemory prefix, long x) {
        try {
            check((int) PrefixClose.HANDLE.invokeExact(pass(prefix), x));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void prefixUpdate(FloatMemory feature, LayersMemory layers, PrefixMemory prefix, long layer) {
        try {
            check((int) PrefixUpdate.HANDLE.invokeExact(
                    feature.address(), feature.type(), pass(layers), pass(prefix), layer));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void kMeans(
            FloatMemory x,
            long batchRows,
            long tokens,
            long width,
            long clusters,
            int maxIterations,
            float relative,
            float absolute,
            boolean together,
            long centroids,
            long labels,
            long iterations,
            long scratch) {
        try {
            check((int) KMeans.HANDLE.invokeExact(
                    x.address(),
                    x.type(),
                    batchRows,
                    tokens,
                    width,
                    clusters,
                    maxIterations,
                    relative,
                    absolute,
                    together ? 1 : 0,
                    centroids,
                    labels,
                    iterations,
                    scratch));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void drawFirstTokens(DrawMemory draws, long batchRows, long count, long clusters, long tokens) {
        try {
            check((int) DrawFirstTokens.HANDLE.invokeExact(pass(draws), batchRows, count, clusters, tokens));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void drawRepresentatives(
            DrawMemory draws,
            long labels,
            long layers,
            long batchRows,
            long tokens,
            long clusters,
            long representatives) {
        try {
            check((int) DrawRepresentatives.HANDLE.invokeExact(
                    pass(draws), labels, layers, batchRows, tokens, clusters, representatives));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void gatherRows(
            FloatMemory x, long index, FloatMemory rows, long batchRows, long tokens, long clusters, long width) {
        try {
            check((int) GatherRows.HANDLE.invokeExact(
                    x.address(), x.type(), index, rows.address(), rows.type(), batchRows, tokens, clusters, width));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void scatterRows(
            FloatMemory rows, long index, FloatMemory target, long batchRows, long tokens, long clusters, long width) {
        try {
            check((int) ScatterRows.HANDLE.invokeExact(
                    rows.address(),
                    rows.type(),
                    index,
                    target.address(),
                    target.type(),
                    batchRows,
                    tokens,
                    clusters,
                    width));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void propagate(
            FloatMemory rows,
            long index,
            long labels,
            float ratio,
            FloatMemory target,
            long batchRows,
            long tokens,
            long clusters,
            long width) {
        try {
            check((int) Propagate.HANDLE.invokeExact(
                    rows.address(),
                    rows.type(),
                    index,
                    labels,
                    ratio,
                    target.address(),
                    target.type(),
                    batchRows,
                    tokens,
                    clusters,
                    width));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void cast(FloatMemory source, FloatMemory target, long elements) {
        try {
            check((int) Cast.HANDLE.invokeExact(
                    source.address(), source.type(), target.address(), target.type(), elements));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * Multiplies and adds between registers, on every thread.
     *
     * @param type of the factors: {@link FloatMemory#F32} or {@link FloatMemory#BF16}, which the level may not have; float32 is multiplied then
     * @param result address of two doubles: the floating-point operations that were done, and a sum without meaning
     */
    public void multiplyAdds(long rounds, int type, long result) {
        try {
            check((int) MultiplyAdds.HANDLE.invokeExact(rounds, type, result));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * Reads memory once and sums it.
     *
     * @param data address of float32 values
     * @param elements a multiple of 4096
     * @param result address of a double
     */
    public void sum(long data, long elements, long result) {
        try {
            check((int) Sum.HANDLE.invokeExact(data, elements, result));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /**
     * Turns the sign of memory, in place.
     *
     * @param data address of float32 values
     * @param elements a multiple of 4096
     */
    public void negate(long data, long elements) {
        try {
            check((int) Negate.HANDLE.invokeExact(data, elements));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void unpatchify(
            FloatMemory tokens, long patch, long images, long batchRows, long channels, long height, long width) {
        try {
            check((int) Unpatchify.HANDLE.invokeExact(
                    tokens.address(), tokens.type(), patch, images, batchRows, channels, height, width));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void guidance(long output, long images, long allChannels, long pixels, float scale, long channels) {
        try {
            check((int) Guidance.HANDLE.invokeExact(output, images, allChannels, pixels, scale, channels));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void ddimUpdate(
            long x,
            long output,
            long noise,
            boolean clip,
            long images,
            long channels,
            long outputChannels,
            long pixels,
            StepMemory steps) {
        try {
            check((int) DdimUpdate.HANDLE.invokeExact(
                    x, output, noise, clip ? 1 : 0, images, channels, outputChannels, pixels, pass(steps)));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    public void ddpmUpdate(
            long x,
            long output,
            long noise,
            boolean clip,
            long images,
            long channels,
            long outputChannels,
            long pixels,
            StepMemory steps) {
        try {
            check((int) DdpmUpdate.HANDLE.invokeExact(
                    x, output, noise, clip ? 1 : 0, images, channels, outputChannels, pixels, pass(steps)));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Sets how many threads the kernels and oneDNN use when called from this thread. */
    public static void setThreads(int threads) {
        try {
            SetThreads.HANDLE.invokeExact(threads);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Bytes of scratch memory that {@link #attention} needs when called from this thread. */
    public static long attentionScratch(long tokens, long headWidth) {
        try {
            return (long) AttentionScratch.HANDLE.invokeExact(tokens, headWidth);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Bytes of scratch memory that {@link #convolve} needs for a window of an image of these extents: the one that comes in, and where it is enlarged, maybe the one that goes out. */
    public static long convolveScratch(long height, long width, long channels, long size) {
        try {
            return (long) ConvolveScratch.HANDLE.invokeExact(height, width, channels, size);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Bytes of scratch memory that {@link #groupNorm} needs. */
    public static long groupNormScratch(long images, long pixels, long channels, long groups) {
        try {
            return (long) GroupNormScratch.HANDLE.invokeExact(images, pixels, channels, groups);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Bytes of scratch memory that {@link #kMeans} needs when called from this thread. */
    public static long kMeansScratch(long batchRows, long clusters, long width) {
        try {
            return (long) KMeansScratch.HANDLE.invokeExact(batchRows, clusters, width);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static MethodHandle kernel(String name, MemoryLayout... parameters) {
        return CpuLibrary.gate().downcall("clusca_cpu_" + name, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    /** Calls stand in the methods themselves: a lambda for each would be garbage. */
    private static void check(int status) {
        if (status != 0) {
            throw CpuKernelException.of(status);
        }
    }

    private long pass(StepMemory steps) {
        return pass(0, steps);
    }

    private long pass(ModulationMemory modulation) {
        return pass(0, modulation);
    }

    private long pass(int index, ModulationMemory modulation) {
        struct.setAtIndex(JAVA_LONG, index, modulation.table().address());
        struct.setAtIndex(JAVA_LONG, index + 1, modulation.table().type());
        struct.setAtIndex(JAVA_LONG, index + 2, modulation.distinct());
        struct.setAtIndex(JAVA_LONG, index + 3, modulation.chunks());
        struct.setAtIndex(JAVA_LONG, index + 4, modulation.conditions());
        return pass(index + 5, modulation.steps());
    }

    private long pass(LayersMemory layers) {
        struct.setAtIndex(JAVA_LONG, 0, layers.attention());
        struct.setAtIndex(JAVA_LONG, 1, layers.mlp());
        struct.setAtIndex(JAVA_LONG, 2, layers.type());
        struct.setAtIndex(JAVA_LONG, 3, layers.planes());
        struct.setAtIndex(JAVA_LONG, 4, layers.layers());
        struct.setAtIndex(JAVA_LONG, 5, layers.batchRows());
        struct.setAtIndex(JAVA_LONG, 6, layers.tokens());
        struct.setAtIndex(JAVA_LONG, 7, layers.width());
        struct.setAtIndex(JAVA_LONG, 8, layers.attentionGate());
        struct.setAtIndex(JAVA_LONG, 9, layers.mlpGate());
        struct.setAtIndex(JAVA_LONG, 10, layers.tableStride());
        return pass(11, layers.modulation());
    }

    private long pass(PrefixMemory prefix) {
        second.setAtIndex(JAVA_LONG, 0, prefix.labels());
        second.setAtIndex(JAVA_LONG, 1, prefix.representatives());
        second.setAtIndex(JAVA_LONG, 2, prefix.retained());
        second.setAtIndex(JAVA_LONG, 3, prefix.rows());
        second.setAtIndex(JAVA_LONG, 4, prefix.propagated());
        second.setAtIndex(JAVA_LONG, 5, prefix.spread());
        second.setAtIndex(JAVA_LONG, 6, prefix.layers());
        second.setAtIndex(JAVA_LONG, 7, prefix.batchRows());
        second.setAtIndex(JAVA_LONG, 8, prefix.tokens());
        second.setAtIndex(JAVA_LONG, 9, prefix.clusters());
        second.setAtIndex(JAVA_LONG, 10, prefix.width());
        second.setAtIndex(JAVA_DOUBLE, 11, prefix.ratio());
        return second.address();
    }

    private long pass(DrawMemory draws) {
        struct.setAtIndex(JAVA_LONG, 0, draws.seed());
        struct.setAtIndex(JAVA_LONG, 1, draws.rows());
        struct.setAtIndex(JAVA_LONG, 2, draws.stream());
        return pass(3, draws.steps());
    }

    private long pass(int index, StepMemory steps) {
        struct.setAtIndex(JAVA_LONG, index, steps.rows());
        struct.setAtIndex(JAVA_LONG, index + 1, steps.count());
        struct.setAtIndex(JAVA_LONG, index + 2, steps.cursor());
        return struct.address();
    }
}
