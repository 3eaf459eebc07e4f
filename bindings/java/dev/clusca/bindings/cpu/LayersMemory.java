package dev.clusca.bindings.cpu;

/**
 * {@code struct layers}: the ladders of all layers, and their modulations.
 *
 * @param attention address of the attention ladders, {@code [layers, planes, batchRows, tokens, width]}
 * @param mlp address of the MLP ladders, the same
 * @param type {@link FloatMemory#F32} or {@link FloatMemory#BF16}, of both
 * @param tableStride elements from one layer's modulations to the next one's
 * @param modulation of layer 0
 */
public record LayersMemory(
        long attention,
        long mlp,
        long type,
        long planes,
        long layers,
        long batchRows,
        long tokens,
        long width,
        long attentionGate,
        long mlpGate,
        long tableStride,
        ModulationMemory modulation) {}
