package dev.clusca.bindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Locale;

/** The gate to oneDNN, which comes in a jar and needs nothing installed but glibc 2.34 and libstdc++. */
public final class OneDnnLibrary {
    private static final NativeLibrary GATE = new NativeLibrary(
            "oneDNN",
            OneDnnLibrary::open,
            Symbols.listedFor("onednn", "org.bytedeco:dnnl:" + DnnlJar.version() + " (classifier linux-x86_64)"));

    private OneDnnLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    /**
     * The version that the library itself reports, as in {@code 3.13.0}.
     *
     * @throws NativeUnavailableException when oneDNN is not available
     */
    public static String version() {
        GATE.ensureAvailable();
        // dnnl_version_t begins with three ints: major, minor, patch.
        MemorySegment version = OneDnn.dnnl_version().reinterpret(3 * JAVA_INT.byteSize());
        return String.format(
                Locale.ROOT,
                "%d.%d.%d",
                version.getAtIndex(JAVA_INT, 0),
                version.getAtIndex(JAVA_INT, 1),
                version.getAtIndex(JAVA_INT, 2));
    }

    private static Loaded open() {
        Path library = OpenMp.load().resolve(DnnlJar.ONEDNN);
        NativeLoader.load(library);
        return Loaded.only(library);
    }
}
