package dev.clusca.backend.cuda.driver;

import dev.clusca.backend.BackendException;
import java.util.List;

/** What JCuda needs of the JVM: its native code holds Java arrays in JNI critical sections, which some JVMs and flags break. */
final class JCudaJvm {
    /** Older ones let G1 move arrays that native code holds (JDK-8377811). */
    private static final Runtime.Version MINIMUM = Runtime.Version.parse("25.0.3");

    private static final String CHECKED_JNI = "-Xcheck:jni";
    private static final String REMEDY =
            ", or use the FFM provider with -D" + CudaDrivers.PROPERTY + "=" + FfmDriver.NAME;

    private JCudaJvm() {}

    /** Returns if JCuda's results can be trusted. */
    static void require(Runtime.Version version, List<String> flags) {
        if (version.compareTo(MINIMUM) < 0) {
            throw new BackendException("JCuda cannot be used on JDK " + version
                    + ", which corrupts arrays that native code holds (JDK-8377811); use JDK " + MINIMUM + " or newer"
                    + REMEDY);
        }
        if (flags.contains(CHECKED_JNI)) {
            throw new BackendException("JCuda gives wrong results under " + CHECKED_JNI
                    + ", which hands it copies of arrays that it does not write back; remove the flag" + REMEDY);
        }
    }
}
