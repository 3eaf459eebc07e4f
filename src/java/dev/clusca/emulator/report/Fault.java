package dev.clusca.emulator.report;

/**
 * Something wrong with a kernel, and where.
 *
 * @param line line of the PTX text
 * @param instruction as in the PTX text
 * @param block coordinates of the block
 * @param thread coordinates of the first thread concerned, in its block
 * @param detail the address and what it belongs to, the other thread of a race, or what is missing
 */
public record Fault(
        FaultKind kind, String kernel, int line, String instruction, Dim3 block, Dim3 thread, String detail) {
    @Override
    public String toString() {
        return kernel + ", PTX line " + line + " (" + instruction + "), block " + block + ", thread " + thread + ": "
                + kind.meaning() + ": " + detail;
    }
}
