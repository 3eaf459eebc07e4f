package dev.clusca.backend;

import java.util.Map;

/**
 * What a launch of a GPU's kernel takes of a multiprocessor.
 *
 * @param name of the kernel
 * @param registers of a thread, by architecture: {@code sm_90} to 40, as ptxas recorded it
 * @param sharedBytes shared memory of a block, static and dynamic, at most
 */
public record KernelUse(String name, Map<String, Integer> registers, int sharedBytes) {
    public KernelUse {
        registers = Map.copyOf(registers);
    }
}
