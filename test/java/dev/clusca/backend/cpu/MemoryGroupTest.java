package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryGroupTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path folder;

    private Path membership;

    @BeforeEach
    void nameTheFile() {
        membership = folder.resolve("cgroup");
    }

    @Test
    void countsFilesInMemoryAsFree() throws IOException {
        member("0::/app");
        second("app", "1073741824", 900 * MIB, 500 * MIB);

        assertThat(free()).isEqualTo((1024 - 900 + 500) * MIB);
    }

    @Test
    void takesTheTightestOfTheGroupsAround() throws IOException {
        member("0::/box/app/job");
        second("box", "1073741824", 1000 * MIB, 0);
        second("box/app", "max", 100 * MIB, 0);
        second("box/app/job", "524288000", 100 * MIB, 0);

        assertThat(free()).isEqualTo(24 * MIB);
    }

    @Test
    void isNothingWhereMoreIsUsedThanAllowed() throws IOException {
        member("0::/app");
        second("app", "104857600", 120 * MIB, 0);

        assertThat(free()).isZero();
    }

    /** The name outside means nothing inside, where the group is the root. */
    @Test
    void takesTheRootInAContainer() throws IOException {
        member("0::/docker/0123456789ab", "3:cpuset:/");
        second("", "209715200", 50 * MIB, 0);
        assertThat(free()).isEqualTo(150 * MIB);

        member("0::/../../other");
        assertThat(free()).isEqualTo(150 * MIB);
    }

    @Test
    void readsTheFirstVersion() throws IOException {
        member("11:memory,hugetlb:/job", "0::/");
        first("", "9223372036854771712", 3000 * MIB, 0);
        first("job", "314572800", 200 * MIB, 80 * MIB);

        assertThat(free()).isEqualTo(180 * MIB);
    }

    @Test
    void knowsNoLimitWhereNoneIsSet() throws IOException {
        assertThat(free()).isEqualTo(Long.MAX_VALUE);
        member("0::/", "nonsense", "", "0::");
        assertThat(free()).isEqualTo(Long.MAX_VALUE);
        second("", "max", 50 * MIB, 0);
        assertThat(free()).isEqualTo(Long.MAX_VALUE);
    }

    /** Whatever this machine limits, something is left: the test runs. */
    @Test
    void leavesThisProcessSomething() {
        assertThat(MemoryGroup.free()).isPositive();
        assertThat(Processor.freeMemory()).isPositive().isLessThanOrEqualTo(MemoryGroup.free());
    }

    private long free() {
        return MemoryGroup.free(membership, folder);
    }

    private void member(String... lines) throws IOException {
        Files.write(membership, List.of(lines));
    }

    private void second(String group, String limit, long usage, long cached) throws IOException {
        Path at = Files.createDirectories(folder.resolve(group));
        Files.writeString(at.resolve("memory.max"), limit + "\n");
        Files.writeString(at.resolve("memory.current"), usage + "\n");
        Files.writeString(
                at.resolve("memory.stat"),
                "anon 7\nfile 99\ninactive_file " + cached / 2 + "\nactive_file " + (cached - cached / 2) + "\n");
    }

    private void first(String group, String limit, long usage, long cached) throws IOException {
        Path at = Files.createDirectories(folder.resolve("memory").resolve(group));
        Files.writeString(at.resolve("memory.limit_in_bytes"), limit + "\n");
        Files.writeString(at.resolve("memory.usage_in_bytes"), usage + "\n");
        Files.writeString(
                at.resolve("memory.stat"),
                "inactive_file 5\ntotal_inactive_file " + cached / 2 + "\ntotal_active_file " + (cached - cached / 2)
                        + "\n");
    }
}
