package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * The native half of JCuda, found safely.
 *
 * <p>JCuda's own loader extracts its library under a fixed name into {@code java.io.tmpdir}, neither atomically nor verified, and loads whatever lies there under that name. So the
 * library is put into the private cache first, and the property points there while JCuda looks.
 */
public final class JCudaNatives {
    private static final String TEMPORARY = "java.io.tmpdir";

    private JCudaNatives() {}

    /**
     * Runs what touches JCuda first in this process. The CUDA driver is loaded before, because JCuda without it poisons its own classes.
     *
     * @param firstTouch initialises the class {@code jcuda.driver.JCudaDriver}
     * @throws NativeUnavailableException when there is no driver, or JCuda's library is missing, differs, or does not load
     */
    public static synchronized void load(Runnable firstTouch) {
        CudaLibrary.gate().ensureAvailable();
        Path folder = NativeCache.ofUser().extract("jcuda", version(), List.of(resource()));
        String before = System.getProperty(TEMPORARY);
        System.setProperty(TEMPORARY, folder.toString());
        try {
            firstTouch.run();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            throw new NativeUnavailableException(
                    "JCuda does not load ("
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + ")",
                    "JCuda " + version() + " and its driver library, both of which clusca's dependencies bring",
                    "use the FFM provider, -Dclusca.cuda.driver=ffm, which needs neither",
                    e);
        } finally {
            System.setProperty(TEMPORARY, before);
        }
    }

    /** The version of JCuda that the hash belongs to. */
    static String version() {
        return Pinned.VALUES.getProperty("version");
    }

    static NativeResource resource() {
        return new NativeResource(
                Pinned.VALUES.getProperty("library"),
                Pinned.VALUES.getProperty("sha256"),
                "put org.jcuda:jcuda-natives:" + version()
                        + " with classifier linux-x86_64, and no other version of it, on the class path, or use -Dclusca.cuda.driver=ffm");
    }

    private static final class Pinned {
        static final Properties VALUES = read();

        private static Properties read() {
            try (InputStream in = JCudaNatives.class.getResourceAsStream("jcuda.properties")) {
                if (in == null) {
                    throw new IllegalStateException(
                            "the clusca-bindings jar lacks jcuda.properties; expected the jar as built; build it again");
                }
                Properties values = new Properties();
                values.load(in);
                return values;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
