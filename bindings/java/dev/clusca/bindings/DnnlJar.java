package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * The Maven jar that holds oneDNN and the OpenMP runtime it was linked with. Both lie side by side in the cache, because
 * {@code libdnnl.so.3} looks for {@code libgomp.so.1} in its own folder.
 */
final class DnnlJar {
    static final String ONEDNN = "libdnnl.so.3";
    static final String OPENMP = "libgomp.so.1";

    private DnnlJar() {}

    /** The version of the jar that the hashes belong to. */
    static String version() {
        return Pinned.VALUES.getProperty("version");
    }

    /** The folder that holds both libraries. */
    static Path extract() {
        return NativeCache.ofUser().extract("dnnl", version(), List.of(resource(OPENMP), resource(ONEDNN)));
    }

    private static NativeResource resource(String fileName) {
        return new NativeResource(
                Pinned.VALUES.getProperty("folder") + fileName,
                Pinned.VALUES.getProperty(fileName + ".sha256"),
                "put org.bytedeco:dnnl:" + version()
                        + " with classifier linux-x86_64, and no other version of it, on the class path");
    }

    private static final class Pinned {
        static final Properties VALUES = read();

        private static Properties read() {
            try (InputStream in = DnnlJar.class.getResourceAsStream("dnnl.properties")) {
                if (in == null) {
                    throw new IllegalStateException(
                            "the clusca-bindings jar lacks dnnl.properties; expected the jar as built; build it again");
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
