package dev.clusca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Holds what the source tree as a whole promises. */
class RepositoryTest {
    private static final long LIMIT = 46L << 20;

    /** The tree travels to machines that take 64 MiB, a JDK image included. */
    @Test
    void trackedFilesStaySmall() throws IOException {
        assumeTrue(Files.exists(Repository.path(".git")), "not a git working tree");
        ChildProcess.Result listing = ChildProcess.start(
                        Repository.path(""), Map.of(), List.of("git", "ls-files", "-z"))
                .await();
        assumeTrue(listing.exit() == 0, () -> "git does not list the files: " + listing.output());
        List<Path> files = Arrays.stream(listing.output().split("\0"))
                .map(Repository::path)
                .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                .toList();
        long total = 0;
        for (Path file : files) {
            total += Files.size(file);
        }
        assertThat(total)
                .as(() -> "bytes of tracked files; the largest are " + largest(files))
                .isBetween(1L, LIMIT);
    }

    /** A module that lists resources of its own replaces the inherited folder, which is then silently left out. */
    @Test
    void everyModulePacksItsResources() throws IOException {
        for (String module : List.of("bindings", "src", "bench")) {
            if (Files.isDirectory(Repository.path(module, "resources"))) {
                String pom = Files.readString(Repository.path(module, "pom.xml"));
                assertThat(!pom.contains("<resources>") || pom.contains("<directory>resources</directory>"))
                        .as(module + "/pom.xml packs the folder resources")
                        .isTrue();
            }
        }
    }

    /** JMH is the benchmarks' alone, with another licence than ours. */
    @Test
    void whatIsShippedDoesNotNeedJmh() throws IOException {
        for (String module : List.of("bindings", "src")) {
            assertThat(Files.readString(Repository.path(module, "pom.xml"))).doesNotContain("jmh", "clusca-bench");
        }
    }

    private static List<Path> largest(List<Path> files) {
        return files.stream()
                .sorted(Comparator.comparingLong((Path file) -> file.toFile().length())
                        .reversed())
                .limit(5)
                .toList();
    }
}
