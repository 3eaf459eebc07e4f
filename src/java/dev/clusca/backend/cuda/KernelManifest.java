package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What {@code kernels/build.sh} wrote down of the kernels that this jar carries.
 *
 * @param nvcc the version of the compiler
 * @param modules one for each family of kernels
 */
record KernelManifest(String nvcc, List<Module> modules) {
    static final int SCHEMA = 1;

    private static final String FOLDER = "/dev/clusca/kernels/ptx/";

    KernelManifest {
        modules = List.copyOf(modules);
    }

    /**
     * One PTX file.
     *
     * @param sha256 of its bytes, lowercase hex digits
     */
    record Module(String family, String file, String sha256, List<KernelEntry> entries) {
        Module {
            entries = List.copyOf(entries);
        }
    }

    /** The manifest in this jar. */
    static KernelManifest shipped() {
        return KernelManifestReader.read(new String(resource("manifest.json"), StandardCharsets.UTF_8));
    }

    /** The text of a family's module. */
    Ptx ptx(String family) {
        Module module = modules.stream()
                .filter(m -> m.family().equals(family))
                .findFirst()
                .orElseThrow(() -> new BackendException("there is no family of kernels \"" + family + "\"; the jar has "
                        + String.join(", ", modules.stream().map(Module::family).toList())));
        byte[] bytes = resource(module.file());
        String hash = sha256(bytes);
        if (!hash.equals(module.sha256())) {
            throw new BackendException(module.file() + " has SHA-256 " + hash + ", its manifest says " + module.sha256()
                    + "; build the kernels again with kernels/build.sh, and check both in");
        }
        return new Ptx(module.file(), new String(bytes, StandardCharsets.UTF_8), module.entries());
    }

    private static byte[] resource(String file) {
        try (InputStream in = KernelManifest.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new BackendException(
                        "the clusca jar lacks " + FOLDER + file + "; expected the jar as built; build it again");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
