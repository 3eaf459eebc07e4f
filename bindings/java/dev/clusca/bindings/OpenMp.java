package dev.clusca.bindings;

import dev.clusca.bindings.libc.Libc;
import java.nio.file.Path;

/**
 * The one OpenMP runtime of this process, shared by oneDNN and clusca's CPU kernels: two would each start a thread for every core.
 *
 * <p>Its threads look for work some microseconds long and then sleep, unless the user set {@code OMP_WAIT_POLICY} or {@code GOMP_SPINCOUNT}: with a busy core, active waiting costs about 8 ms a
 * call, and waking a sleeping thread for each operation a tenth of a cached step. The runtime reads these variables while it is being loaded, so they are set right before.
 */
final class OpenMp {
    /** Rounds of looking, about 10 microseconds. */
    private static final String BRIEFLY = "5000";

    private OpenMp() {}

    /**
     * Loads the runtime; later calls find it loaded.
     *
     * @return the folder that holds it, with oneDNN beside it
     */
    static Path load() {
        Path folder = DnnlJar.extract();
        if (System.getenv("OMP_WAIT_POLICY") == null) {
            Libc.setenvIfUnset("OMP_WAIT_POLICY", "passive");
            Libc.setenvIfUnset("GOMP_SPINCOUNT", BRIEFLY);
        }
        NativeLoader.load(folder.resolve(DnnlJar.OPENMP));
        return folder;
    }
}
