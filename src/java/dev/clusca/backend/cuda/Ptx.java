package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import java.util.List;

/**
 * The PTX text of a module.
 *
 * @param name for messages
 * @param text as nvcc writes it
 * @param entries what is known of its kernels; empty if nothing is, and then only the driver checks a kernel's parameters
 */
public record Ptx(String name, String text, List<KernelEntry> entries) {
    public Ptx {
        entries = List.copyOf(entries);
        if (!text.contains(".version")) {
            throw new IllegalArgumentException(
                    name + " is no PTX: it has no .version; expected the text that nvcc -ptx writes");
        }
    }

    /** A linking program's own module. */
    public static Ptx of(String name, String text) {
        return new Ptx(name, text, List.of());
    }

    /**
     * A module of the kernels in this jar, after a check against the manifest's hash.
     *
     * @param family the name of its source file in {@code kernels/}, without {@code .cu}
     * @throws BackendException if there is none, or the jar's PTX is not the one that the manifest describes
     */
    public static Ptx shipped(String family) {
        return KernelManifest.shipped().ptx(family);
    }
}
