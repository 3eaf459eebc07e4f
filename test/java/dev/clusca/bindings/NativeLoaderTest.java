package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the loader refuses, and the remedies that it gives. */
class NativeLoaderTest {
    @TempDir
    Path folder;

    @Test
    void refusesAFolderThatOthersCanWrite() throws IOException {
        Path library = StandIn.compile(folder, "libplanted.so", "planted");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> NativeLoader.load(library))
                .withMessageContaining(folder.toRealPath() + " can be written by others (mode 777)")
                .withMessageEndingWith("Remedy: chmod go-w " + folder.toRealPath() + ".");
    }

    @Test
    void refusesAFileThatOthersCanWrite() throws IOException {
        Path library = StandIn.compile(folder, "libopen.so", "open_to_all");
        Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> NativeLoader.load(library))
                .withMessageContaining("libopen.so can be written by others");
    }

    @Test
    void explainsAFileThatIsNoLibrary() throws IOException {
        Path library = Files.writeString(folder.resolve("libtext.so"), "not a library");
        assertThatExceptionOfType(NativeUnavailableException.class)
                .isThrownBy(() -> NativeLoader.load(library))
                .withMessageContaining("libtext.so is no library for this processor");
    }

    /** The dynamic linker maps what is behind the end of a file, and the process dies of it: no length may get as far as that. */
    @Test
    void refusesAFileThatWasCutShortAnywhere() throws IOException {
        byte[] whole = Files.readAllBytes(StandIn.compile(folder, "libwhole.so", "whole"));
        Path library = folder.resolve("libcut.so");
        for (int length = 0; length < whole.length; length += 61) {
            Files.write(library, Arrays.copyOf(whole, length));
            assertThatExceptionOfType(NativeUnavailableException.class)
                    .as("%d of %d bytes", length, whole.length)
                    .isThrownBy(() -> NativeLoader.load(library));
        }
    }

    @Test
    void explainsAMissingDependency() {
        NativeUnavailableException e = NativeLoader.explained(
                folder.resolve("libx.so"),
                new UnsatisfiedLinkError(
                        "libx.so: liby.so.2: cannot open shared object file: No such file or directory"));
        assertThat(e.expected()).isEqualTo("liby.so.2 where the dynamic linker looks");
        assertThat(e.remedy()).contains("LD_LIBRARY_PATH");
    }

    @Test
    void explainsAnOldSystem() {
        NativeUnavailableException e = NativeLoader.explained(
                folder.resolve("libx.so"),
                new UnsatisfiedLinkError("/lib/libc.so.6: version `GLIBC_2.34' not found (required by libx.so)"));
        assertThat(e.expected()).isEqualTo("a system with GLIBC_2.34");
    }

    @Test
    void seesMountsThatForbidExecution() {
        List<String> table = List.of(
                "/dev/sda / ext4 rw 0 0",
                "tmpfs /tmp tmpfs rw,nosuid,noexec 0 0",
                "tmpfs /tmp/my\\040dir tmpfs rw 0 0",
                "proc /proc proc rw,noexec 0 0");
        assertThat(Mounts.forbidExecution(Path.of("/tmp/a/libx.so"), table)).isTrue();
        assertThat(Mounts.forbidExecution(Path.of("/tmp/my dir/libx.so"), table))
                .isFalse();
        assertThat(Mounts.forbidExecution(Path.of("/tmpfile"), table)).isFalse();
        assertThat(Mounts.forbidExecution(Path.of("/home/libx.so"), table)).isFalse();
    }
}
