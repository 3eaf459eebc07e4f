package dev.clusca.backend.cuda;

import java.util.List;
import java.util.Map;

/**
 * What the manifest says of one kernel.
 *
 * @param name of the entry in the PTX
 * @param block the most threads of a block that it was compiled for
 * @param staticShared bytes of shared memory that a block has in any case
 * @param dynamicShared bytes of shared memory that a launch asks for at most
 * @param registers of a thread by architecture, {@code sm_90} to 40, as ptxas gave it
 * @param parameters in order
 */
public record KernelEntry(
        String name,
        int block,
        int staticShared,
        int dynamicShared,
        Map<String, Integer> registers,
        List<KernelParameter> parameters) {
    public KernelEntry {
        registers = Map.copyOf(registers);
        parameters = List.copyOf(parameters);
    }
}
