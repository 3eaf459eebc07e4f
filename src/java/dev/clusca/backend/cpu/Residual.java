package dev.clusca.backend.cpu;

import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.bindings.cpu.ModulationMemory;

/**
 * {@code x += gate (a W^T + bias)}, as in {@link dev.clusca.backend.Ops#gemmResidual}.
 *
 * @param a address of {@code [R, N, inputs]} values of the layer's type
 * @param feature receives the product {@code [R, N, outputs]}, or {@link FloatMemory#NONE}
 * @param x {@code [R, N, outputs]}
 */
record Residual(
        CpuLinear layer,
        long a,
        ModulationMemory modulation,
        int gate,
        FloatMemory feature,
        FloatMemory x,
        long batchRows,
        long tokens) {}
