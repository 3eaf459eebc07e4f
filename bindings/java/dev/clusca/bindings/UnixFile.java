package dev.clusca.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * What a Unix file system says of a file, beyond what Java has methods for.
 *
 * @param size in bytes
 * @param modified time of the last write
 * @param changed time of the last change of bytes or attributes
 * @param inode its number on its file system
 * @param mode type and permissions, as {@code st_mode}
 * @param owner number of the user
 * @param group number of the group
 */
record UnixFile(long size, String modified, String changed, long inode, int mode, int owner, int group) {
    static UnixFile at(Path path) throws IOException {
        Map<String, Object> all = Files.readAttributes(path, "unix:size,lastModifiedTime,ctime,ino,mode,uid,gid");
        return new UnixFile(
                (long) attribute(all, "size"),
                attribute(all, "lastModifiedTime").toString(),
                attribute(all, "ctime").toString(),
                (long) attribute(all, "ino"),
                (int) attribute(all, "mode"),
                (int) attribute(all, "uid"),
                (int) attribute(all, "gid"));
    }

    private static Object attribute(Map<String, Object> all, String name) {
        return Objects.requireNonNull(all.get(name), name);
    }
}
