package dev.clusca.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A native library on the class path, together with the bytes that it must have.
 *
 * @param path the resource's path, without a slash before it
 * @param sha256 the SHA-256 of its bytes, 64 lowercase hex digits
 * @param remedy what to do when it is missing or differs
 */
public record NativeResource(String path, String sha256, String remedy) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    public NativeResource {
        if (!SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException(
                    "the SHA-256 of " + path + " reads \"" + sha256 + "\"; expected 64 lowercase hex digits");
        }
    }

    /**
     * A library whose hash lies beside it, in {@code <path>.sha256}.
     *
     * @throws NativeUnavailableException when either is not on the class path
     */
    public static NativeResource hashedBeside(String path, String remedy) {
        try (InputStream in = open(path + ".sha256")) {
            if (in == null) {
                throw missing(path, remedy);
            }
            return new NativeResource(path, new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip(), remedy);
        } catch (IOException e) {
            throw new NativeUnavailableException(path + ".sha256 cannot be read (" + e + ")", "a sound jar", remedy, e);
        }
    }

    /** The last part of the path. */
    public String fileName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Where on the class path the resource lies, for messages. */
    String place() {
        URL url = NativeResource.class.getClassLoader().getResource(path);
        return url == null ? path : url.toString();
    }

    /**
     * The bytes, unchecked.
     *
     * @throws NativeUnavailableException when the resource is not on the class path
     */
    InputStream open() throws IOException {
        InputStream in = open(path);
        if (in == null) {
            throw missing(path, remedy);
        }
        return in;
    }

    private static @Nullable InputStream open(String path) {
        return NativeResource.class.getClassLoader().getResourceAsStream(path);
    }

    private static NativeUnavailableException missing(String path, String remedy) {
        return new NativeUnavailableException(path + " is not on the class path", "a jar that holds it", remedy, null);
    }
}
