package dev.clusca.bindings;

import dev.clusca.bindings.libc.Libc;
import java.nio.file.Path;

/**
 * The one OpenMP runtime of this process, shared by oneDNN and clusca's CPU kernels: two would each start a thread for every core.
 *
 * <p>It waits passively, unless the user set {@code OMP_WAIT_POLICY}: with a busy core, active waiting costs about 8 ms a call. The runtime
 * reads that variable while it is being loaded, so it is set right before.
 */
final class OpenMp {
    private OpenMp() {}

    /**
     * Loads the runtime; later calls find it loaded.
     *
     * @return the folder that holds it, with oneDNN beside it
     */
    static Path load() {
        Path folder = DnnlJar.extract();
        Libc.setenvIfUnset("OMP_WAIT_POLICY", "passive");
        NativeLoader.load(folder.resolve(DnnlJar.OPENMP));
        return folder;
    }
}
