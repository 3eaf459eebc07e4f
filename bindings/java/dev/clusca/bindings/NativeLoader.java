package dev.clusca.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Loads a library file into the class loader of the bindings, and turns the dynamic linker's words into a remedy. */
final class NativeLoader {
    private static final Pattern MISSING_DEPENDENCY = Pattern.compile("(\\S+): cannot open shared object file");
    private static final Pattern MISSING_VERSION = Pattern.compile("version [`']([^']+)' not found");

    private NativeLoader() {}

    /**
     * Loads the file after the check of {@link TrustedPath}; a second call for the same file does nothing.
     *
     * @throws NativeUnavailableException when the place is not to be trusted, or the dynamic linker refuses
     */
    static void load(Path file) {
        TrustedPath.require(file);
        if (!ElfHeader.isForX64(file)) {
            throw new NativeUnavailableException(
                    file + " is no library for this processor",
                    "a shared library for Linux on x86-64",
                    "replace the file; this shows what it is: file " + file,
                    null);
        }
        long declared = ElfHeader.declaredBytes(file);
        long size = size(file);
        if (size < declared) {
            // The dynamic linker maps what is not there, and the process dies when it is touched.
            throw new NativeUnavailableException(
                    file + " is cut short: it has " + size + " bytes, and its own headers tell of " + declared,
                    "the whole file",
                    "install or copy it again",
                    null);
        }
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            throw explained(file, e);
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new NativeUnavailableException(
                    file + " cannot be examined (" + e + ")", "a readable file", "check its permissions", e);
        }
    }

    static NativeUnavailableException explained(Path file, UnsatisfiedLinkError error) {
        String message = String.valueOf(error.getMessage());
        String found = file + " does not load (" + message + ")";
        if (Mounts.forbidExecution(file)) {
            return new NativeUnavailableException(
                    found,
                    "a folder on a file system that is mounted without noexec",
                    "set CLUSCA_CACHE to a folder of your own on a file system that allows execution",
                    error);
        }
        Matcher dependency = MISSING_DEPENDENCY.matcher(message);
        if (dependency.find()) {
            return new NativeUnavailableException(
                    found,
                    dependency.group(1) + " where the dynamic linker looks",
                    "install the package that holds " + dependency.group(1) + ", or add its folder to LD_LIBRARY_PATH",
                    error);
        }
        Matcher version = MISSING_VERSION.matcher(message);
        if (version.find()) {
            return new NativeUnavailableException(
                    found,
                    "a system with " + version.group(1),
                    "run on a newer distribution (glibc 2.34 or newer)",
                    error);
        }
        return new NativeUnavailableException(
                found, "a shared library for Linux on x86-64", "check the file with: ldd " + file, error);
    }
}
