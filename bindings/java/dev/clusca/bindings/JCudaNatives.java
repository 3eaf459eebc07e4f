package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * The native halves of JCuda and JCublas, found safely.
 *
 * <p>JCuda's own loader extracts a library under a fixed name into {@code java.io.tmpdir}, neither atomically nor verified, and loads whatever lies there under that name. So the
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
        touch(firstTouch, "jcuda", driver(), "use the FFM provider, -Dclusca.cuda.driver=ffm, which needs neither");
    }

    /**
     * Runs what touches JCublas first in this process. cuBLAS 12 is loaded before, from where the gate found it.
     *
     * @param firstTouch initialises the class {@code jcuda.jcublas.JCublas2}
     * @throws NativeUnavailableException when there is no cuBLAS 12, or JCublas's library is missing, differs, or does not load
     */
    public static synchronized void loadCublas(Runnable firstTouch) {
        CublasLibrary.gate().ensureAvailable();
        touch(firstTouch, "jcublas", cublas(), "use clusca's own kernels, -Dclusca.cuda.gemm=own, or cuBLASLt");
    }

    private static void touch(Runnable firstTouch, String name, NativeResource resource, String remedy) {
        Path folder = NativeCache.ofUser().extract(name, version(), List.of(resource));
        String before = System.getProperty(TEMPORARY);
        System.setProperty(TEMPORARY, folder.toString());
        try {
            firstTouch.run();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            throw new NativeUnavailableException(
                    "JCuda's " + resource.fileName() + " does not load ("
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + ")",
                    "JCuda " + version() + " and its natives, both of which clusca's dependencies bring",
                    remedy,
                    e);
        } finally {
            System.setProperty(TEMPORARY, before);
        }
    }

    /** The version of JCuda that the hash belongs to. */
    static String version() {
        return Pinned.VALUES.getProperty("version");
    }

    static NativeResource driver() {
        return resource("driver", "jcuda-natives", "-Dclusca.cuda.driver=ffm");
    }

    static NativeResource cublas() {
        return resource("cublas", "jcublas-natives", "-Dclusca.cuda.gemm=own");
    }

    private static NativeResource resource(String name, String artifact, String instead) {
        return new NativeResource(
                Pinned.VALUES.getProperty(name + ".library"),
                Pinned.VALUES.getProperty(name + ".sha256"),
                "put org.jcuda:" + artifact + ":" + version()
                        + " with classifier linux-x86_64, and no other version of it, on the class path, or use "
                        + instead);
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
