package dev.clusca.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the cache lies, and that it is private. */
final class CacheFolder {
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private CacheFolder() {}

    /** The folder that the property, {@code CLUSCA_CACHE}, {@code XDG_CACHE_HOME} or the home folder gives, in this order. */
    static Path choose(@Nullable String property, Map<String, String> environment) {
        if (property != null) {
            return Path.of(property);
        }
        String own = environment.getOrDefault("CLUSCA_CACHE", "");
        if (!own.isEmpty()) {
            return Path.of(own);
        }
        // The XDG specification has relative paths ignored.
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (xdg.startsWith("/")) {
            return Path.of(xdg, "clusca");
        }
        return Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".cache", "clusca");
    }

    /**
     * Makes a folder in the cache, and the cache itself where needed, with permissions for this user alone.
     *
     * @throws NativeUnavailableException when it exists and others can write it, or own it
     */
    static Path prepare(Path root, String name) throws IOException {
        Path folder = root.resolve("natives").resolve(name);
        Files.createDirectories(folder, PRIVATE);
        try {
            TrustedPath.require(folder);
        } catch (NativeUnavailableException e) {
            String remedy = e.remedy() + ", or set CLUSCA_CACHE to another folder";
            throw new NativeUnavailableException(e.found(), e.expected(), remedy, e);
        }
        return folder;
    }
}
