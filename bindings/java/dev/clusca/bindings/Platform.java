package dev.clusca.bindings;

import java.util.Locale;

/** The platform that the native libraries are built for. */
final class Platform {
    private Platform() {}

    /** @throws NativeUnavailableException on anything but Linux on x86-64 */
    static void requireLinuxX64() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (!os.equals("Linux") || !(arch.equals("amd64") || arch.equals("x86_64"))) {
            throw new NativeUnavailableException(
                    "this is " + os + " on " + arch,
                    "Linux on x86-64",
                    "use the reference backend, which runs anywhere, or run on Linux x86-64",
                    null);
        }
    }
}
