package dev.clusca.emulator.ptx;

import java.util.List;

/**
 * A kernel.
 *
 * @param parameters in order, with offsets into the parameter buffer
 * @param parameterBytes size of that buffer
 * @param sharedBytes static shared memory of a block, the module's and its own
 * @param localBytes local memory of a thread
 * @param maxThreads {@code .maxntid} or {@code .reqntid} multiplied out; 1024 where neither is given
 * @param minBlocks {@code .minnctapersm}; 0 where not given
 * @param registers every virtual register, by index
 */
public record Entry(
        String name,
        int line,
        List<Variable> parameters,
        long parameterBytes,
        long sharedBytes,
        long localBytes,
        int maxThreads,
        int minBlocks,
        List<Operand.Register> registers,
        List<Instruction> instructions) {
    public Entry {
        parameters = List.copyOf(parameters);
        registers = List.copyOf(registers);
        instructions = List.copyOf(instructions);
    }
}
