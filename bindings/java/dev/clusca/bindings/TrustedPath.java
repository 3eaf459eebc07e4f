package dev.clusca.bindings;

import dev.clusca.bindings.libc.Libc;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The rule that native code is loaded only from where no one else can put it: a file and all folders above it belong to root or to this
 * user, and none can be written by others. A folder with the sticky bit, such as {@code /tmp}, may lie above one that is ours, since others
 * cannot replace that one.
 */
final class TrustedPath {
    private static final int OTHERS_WRITE = 0002;
    private static final int GROUP_WRITE = 0020;
    private static final int STICKY = 01000;
    private static final int ROOT = 0;

    private TrustedPath() {}

    /**
     * Checks a file or folder and all folders above it, symbolic links resolved.
     *
     * @throws NativeUnavailableException naming the first place that breaks the rule, and the command that mends it
     */
    static void require(Path path) {
        try {
            Path real = path.toRealPath();
            requireOne(real, false);
            for (Path folder = real.getParent(); folder != null; folder = folder.getParent()) {
                requireOne(folder, true);
            }
        } catch (IOException e) {
            throw new NativeUnavailableException(
                    path + " cannot be examined (" + e + ")", "a readable path", "check its permissions", e);
        }
    }

    private static void requireOne(Path path, boolean stickyIsEnough) throws IOException {
        UnixFile file = UnixFile.at(path);
        int mode = file.mode();
        int owner = file.owner();
        if (owner != ROOT && owner != Libc.effectiveUserId()) {
            throw refusal(path, "belongs to another user (uid " + owner + ")", "give it to this user with chown");
        }
        // Root's groups are the administrator's choice, and a group of the same number as its user is that user's own.
        boolean strangersInGroup = owner != ROOT && file.group() != owner;
        boolean open = (mode & OTHERS_WRITE) != 0 || ((mode & GROUP_WRITE) != 0 && strangersInGroup);
        if (open && !(stickyIsEnough && (mode & STICKY) != 0)) {
            String permissions = "can be written by others (mode " + Integer.toOctalString(mode & 07777) + ")";
            throw refusal(path, permissions, "chmod go-w " + path);
        }
    }

    private static NativeUnavailableException refusal(Path path, String found, String remedy) {
        return new NativeUnavailableException(
                path + " " + found + ", and native code is not loaded from there",
                "a place that only root or this user can write",
                remedy,
                null);
    }
}
