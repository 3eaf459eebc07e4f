package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The first bytes of a shared library, which say what processor it is for. */
final class ElfHeader {
    private static final byte[] ELF_64 = {0x7f, 'E', 'L', 'F', 2};
    private static final int MACHINE_OFFSET = 18;
    private static final int X86_64 = 62;

    private ElfHeader() {}

    /** Whether the file is there and is code for a 64-bit x86 processor. */
    static boolean isForX64(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(MACHINE_OFFSET + 1);
            return head.length == MACHINE_OFFSET + 1
                    && Arrays.equals(head, 0, ELF_64.length, ELF_64, 0, ELF_64.length)
                    && head[MACHINE_OFFSET] == X86_64;
        } catch (IOException e) {
            return false;
        }
    }
}
