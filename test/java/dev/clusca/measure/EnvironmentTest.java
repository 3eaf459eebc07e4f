package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.ChildProcess;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a result comes from: a record of sources that nobody can find again is worth little. */
class EnvironmentTest {
    @TempDir
    Path folder;

    @Test
    void theCommitSaysWhetherItsSourcesWereChanged() throws IOException {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, "git"))),
                "there is no git");
        git("init", "-q");
        assertThat(commit(folder)).isEqualTo("unknown"); // there is none yet
        Path file = Files.writeString(folder.resolve("x"), "1");
        git("add", "x");
        git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x");
        assertThat(commit(folder)).matches("[0-9a-f]{10,}");
        Files.writeString(file, "2");
        assertThat(commit(folder)).matches("[0-9a-f]{10,}\\+");
    }

    @Test
    void outsideOfARepositoryTheCommitIsUnknown() {
        assertThat(commit(folder.resolve("none"))).isEqualTo("unknown");
        assertThat(commit(null)).isEqualTo("unknown");
    }

    private static String commit(@Nullable Path home) {
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT)) {
            return Environment.of(reference, home).commit();
        }
    }

    private ChildProcess.Result git(String... arguments) {
        return ChildProcess.start(
                        folder,
                        Map.of(),
                        Stream.concat(Stream.of("git"), Stream.of(arguments)).toList())
                .await();
    }
}
