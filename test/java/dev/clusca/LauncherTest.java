package dev.clusca;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, in a small tree of its own, with scripts in place of the JDK and of Maven. */
class LauncherTest {
    /** Prints what a JVM would be started with. */
    private static final String JAVA = "#!/bin/bash\nprintf '%s\\n' \"$@\"\n";

    /** Notes each start, then writes the jars of a build, or the reports of a test run, or fails. */
    private static final String MAVEN = """
            #!/bin/bash
            echo "$@" >>../maven.log
            sleep "${FAKE_SECONDS:-0}"
            if [[ -n ${FAKE_FAILURE:-} ]]; then echo "[ERROR] $FAKE_FAILURE"; exit 1; fi
            mkdir -p src/target/lib bindings/target bench/target test/target/surefire-reports
            [[ $* != *"-pl bench"* ]] || touch bench/target/clusca-bench.jar
            touch src/target/lib/other.jar src/target/clusca-1.jar bindings/target/clusca-bindings-1.jar
            [[ $* != *verify* ]] || cp ../reports/*.xml test/target/surefire-reports
            """;

    @TempDir
    Path folder;

    private Path tree;
    private Path source;

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectory(folder.resolve("a tree"));
        Script.write(tree.resolve("clusca"), Files.readString(Repository.path("clusca")));
        Script.write(folder.resolve("bin/mvn"), MAVEN);
        jdk("jdk", "25.0.3");
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        source = Files.createDirectories(tree.resolve("src/java")).resolve("A.java");
        Files.writeString(source, "class A {}");
    }

    @Test
    void buildsOnceAndThenStartsNoMaven() {
        ChildProcess.Result first = clusca("sample", "--out", "a b.png");
        assertThat(first.output()).startsWith("building (first run takes about a minute)…\n");
        ChildProcess.Result second = clusca("sample", "--out", "a b.png");
        assertThat(second.exit()).isZero();
        assertThat(second.output())
                .startsWith("--enable-native-access=ALL-UNNAMED\n")
                .contains("-cp\n" + tree + "/target/run/")
                .endsWith("dev.clusca.cli.Main\nsample\n--out\na b.png\n");
        assertThat(mavenStarts()).hasSize(1);
    }

    /** In the C locale Java could not read the name of its own class path here. */
    @Test
    void givesJavaALocaleWithAllLetters() throws IOException {
        Script.write(folder.resolve("jdk/bin/java"), "#!/bin/bash\necho \"locale $LC_ALL\"\n");
        assertThat(clusca(Map.of("LC_ALL", "C"), "doctor").output()).endsWith("locale C.UTF-8\n");
        assertThat(clusca(Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", ""), "doctor")
                        .output())
                .isEqualTo("locale C.UTF-8\n");
        assertThat(clusca(Map.of("LC_ALL", "C.utf8"), "doctor").output()).isEqualTo("locale C.utf8\n");
        assertThat(clusca(Map.of("LC_ALL", "xx_YY.UTF-8"), "doctor").output()).endsWith("locale C.UTF-8\n");
    }

    @Test
    void passesJvmFlagsAndShowsTheCommand() {
        Map<String, String> flags = Map.of("CLUSCA_JAVA_OPTS", "-Xmx3g -Da=b");
        assertThat(clusca(flags, "doctor").output()).contains("\n-Xmx3g\n-Da=b\n-cp\n");
        assertThat(clusca(flags, "--show-command", "doctor").output())
                .startsWith(folder + "/jdk/bin/java ")
                .contains(" -Xmx3g -Da=b -cp ")
                .endsWith(" dev.clusca.cli.Main doctor \n");
    }

    @Test
    void tellsTheClassPathOfItsJars() {
        String printed = clusca("--class-path").output();
        assertThat(printed.lines().toList().getLast()).matches("\\Q" + tree + "\\E/target/run/[0-9a-f]+/\\*");
    }

    @Test
    void anyChangeOfTheSourcesIsBuilt() throws IOException {
        Path added = tree.resolve("src/java/B.java");
        clusca("build");
        Files.writeString(source, "class A { int a; }");
        clusca("build");
        Files.writeString(added, "class B {}");
        clusca("build");
        Files.setLastModifiedTime(added, FileTime.from(Instant.EPOCH));
        clusca("build");
        Files.delete(added);
        clusca("build");
        clusca("build");
        assertThat(mavenStarts()).hasSize(5);
    }

    @Test
    void onlyBenchHostBuildsTheHostBenchmarks() throws IOException {
        Path benchmark = Files.createDirectories(tree.resolve("bench/java")).resolve("B.java");
        Files.writeString(benchmark, "class B {}");
        assertThat(clusca("bench", "kernels").output()).endsWith("bench\nkernels\n");
        assertThat(mavenStarts()).hasSize(1);
        assertThat(clusca("bench", "host", "--quick").output())
                .startsWith("building the host benchmarks…\n")
                .endsWith("bench\nhost\n--quick\n");
        clusca("bench", "host");
        clusca("build", "bench");
        assertThat(mavenStarts()).hasSize(2).last().asString().endsWith("-pl bench -am");
        Files.writeString(benchmark, "class B { int b; }");
        clusca("demo");
        assertThat(mavenStarts()).hasSize(2);
        clusca("build", "bench");
        assertThat(mavenStarts()).hasSize(3);
        Files.delete(tree.resolve("bench/target/clusca-bench.jar"));
        clusca("bench", "host");
        assertThat(mavenStarts()).hasSize(4);
    }

    @Test
    void whatIsRunningKeepsItsJars() throws IOException {
        clusca("build");
        Path first = runFolders().getFirst();
        Files.writeString(source, "class A { int a; }");
        clusca("build");
        assertThat(runFolders()).hasSize(2);
        assertThat(first.resolve("clusca-1.jar")).exists();
    }

    @Test
    void aFailedBuildShowsItsLogAndIsTriedAgain() {
        ChildProcess.Result failed = clusca(Map.of("FAKE_FAILURE", "no compiler"), "demo");
        assertThat(failed.exit()).isEqualTo(1);
        assertThat(failed.output())
                .contains("[ERROR] no compiler\n")
                .endsWith("clusca: the build failed; the whole log is in " + tree + "/target/build.log\n");
        assertThat(clusca("demo").exit()).isZero();
        assertThat(mavenStarts()).hasSize(2);
    }

    @Test
    void launchersAtTheSameTimeBuildOnce() {
        Map<String, String> slow = Map.of("FAKE_SECONDS", "1");
        List<ChildProcess> launchers = List.of(start(slow, "demo"), start(slow, "demo"), start(slow, "demo"));
        assertThat(launchers)
                .extracting(ChildProcess::await)
                .allSatisfy(result -> assertThat(result.output())
                        .contains("\ndev.clusca.cli.Main\n")
                        .endsWith("demo\n"));
        assertThat(mavenStarts()).hasSize(1);
    }

    @Test
    void whatIsEditedDuringTheBuildIsStaleAfterwards() throws IOException {
        ChildProcess building = start(Map.of("FAKE_SECONDS", "1"), "build");
        while (!Files.exists(folder.resolve("maven.log"))) {
            Thread.onSpinWait();
        }
        Files.writeString(source, "class A { int a; }");
        building.await();
        clusca("build");
        assertThat(mavenStarts()).hasSize(2);
    }

    /** As on a borrowed machine: no JDK, no Maven. */
    @Test
    void runsWhatWasPackedElsewhere() throws IOException {
        Script.write(tree.resolve("target/packed/runtime/bin/java"), JAVA);
        Files.writeString(tree.resolve("target/packed/commit"), "abc\n");
        Map<String, String> bare = Map.of("JAVA_HOME", "", "PATH", "/usr/bin:/bin");
        assertThat(clusca(bare, "verify", "--backend", "cuda").output())
                .startsWith("clusca: as packed, of commit abc\n--enable-native-access=ALL-UNNAMED\n")
                .endsWith("-cp\n" + tree + "/target/packed/lib/*\ndev.clusca.cli.Main\nverify\n--backend\ncuda\n");
        assertThat(clusca(bare, "build", "bench").exit()).isZero();
        assertThat(clusca(bare, "--class-path").output()).endsWith("\n" + tree + "/target/packed/lib/*\n");
        ChildProcess.Result test = clusca(bare, "test");
        assertThat(test.exit()).isEqualTo(1);
        assertThat(test.output())
                .isEqualTo(
                        "clusca: what was packed runs no tests; remove " + tree + "/target/packed to build and test\n");
        assertThat(mavenStarts()).isEmpty();
    }

    @Test
    void saysWhichJdkIsTooOld() throws IOException {
        jdk("jdk", "25.0.2");
        jdk(".sdkman/candidates/java/newer", "26");
        // Where the machine itself has a newer one, that is taken; otherwise the one in the home folder is.
        assertThat(clusca("--show-command").output())
                .doesNotContain(folder + "/jdk/bin/java")
                .contains("/bin/java --enable-native-access");
    }

    @Test
    void saysWhatToInstall() throws IOException {
        // Scripts and not links: the clean-up after the test warns about each link that leads out of its folder.
        for (String tool :
                List.of("bash", "cut", "dirname", "find", "flock", "mkdir", "readlink", "sha256sum", "sort")) {
            Script.write(folder.resolve("tools").resolve(tool), "#!/bin/bash\nexec /usr/bin/" + tool + " \"$@\"\n");
        }
        ChildProcess.Result result = clusca(Map.of("PATH", folder + "/tools"), "demo");
        assertThat(result.output())
                .isEqualTo("clusca: mvn is needed to build; install it (Debian and Ubuntu: apt install maven)\n");
        assertThat(result.exit()).isEqualTo(1);
    }

    @Test
    void theTestCommandEndsWithTheSum() throws IOException {
        report("a", "tests=\"4\" errors=\"0\" skipped=\"0\" failures=\"0\"");
        report("b", "errors=\"1\" tests=\"5\" failures=\"1\" skipped=\"2\"");
        ChildProcess.Result result = clusca("test", "-Dtest=B");
        assertThat(result.output()).endsWith("\n5 passed, 2 failed, 2 skipped\n");
        assertThat(result.exit()).isEqualTo(1);
        assertThat(mavenStarts().getLast()).endsWith("verify -Dtest=B");
    }

    @Test
    void aTestRunPassesOnlyWhenMavenDoesAndSomethingRan() throws IOException {
        report("a", "tests=\"4\" errors=\"0\" skipped=\"0\" failures=\"0\"");
        ChildProcess.Result good = clusca("test");
        assertThat(good.output()).endsWith("\n4 passed, 0 failed\n");
        assertThat(good.exit()).isZero();

        report("a", "tests=\"0\" errors=\"0\" skipped=\"0\" failures=\"0\"");
        ChildProcess.Result empty = clusca("test");
        assertThat(empty.output()).endsWith("0 passed, 0 failed\n");
        assertThat(empty.exit()).isEqualTo(1);

        ChildProcess.Result broken = clusca(Map.of("FAKE_FAILURE", "bad format"), "test");
        assertThat(broken.output()).endsWith("[ERROR] bad format\n0 passed, 0 failed\n");
        assertThat(broken.exit()).isEqualTo(1);
    }

    private ChildProcess.Result clusca(String... arguments) {
        return clusca(Map.of(), arguments);
    }

    private ChildProcess.Result clusca(Map<String, String> environment, String... arguments) {
        return start(environment, arguments).await();
    }

    private ChildProcess start(Map<String, String> environment, String... arguments) {
        Map<String, String> all = new HashMap<>(Map.of(
                "JAVA_HOME",
                folder + "/jdk",
                "HOME",
                folder.toString(),
                "PATH",
                folder + "/bin:" + System.getenv("PATH"),
                "CLUSCA_JAVA_OPTS",
                "",
                "CLUSCA_UNDER_TEST",
                ""));
        all.putAll(environment);
        List<String> command = new ArrayList<>(List.of(tree + "/clusca"));
        command.addAll(List.of(arguments));
        return ChildProcess.start(folder, all, command);
    }

    private List<String> mavenStarts() {
        try {
            return Files.readAllLines(folder.resolve("maven.log"));
        } catch (IOException e) {
            return List.of();
        }
    }

    private List<Path> runFolders() throws IOException {
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(tree.resolve("target/run"))) {
            found.forEach(folders::add);
        }
        return folders;
    }

    private void jdk(String name, String version) throws IOException {
        Path jdk = folder.resolve(name);
        Script.write(jdk.resolve("bin/java"), JAVA);
        Script.write(jdk.resolve("bin/javac"), "#!/bin/bash\n");
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    private void report(String name, String counts) throws IOException {
        Path reports = Files.createDirectories(folder.resolve("reports"));
        Files.writeString(
                reports.resolve("TEST-" + name + ".xml"),
                "<?xml version=\"1.0\"?>\n<testsuite name=\"" + name + "\" time=\"1\" " + counts
                        + ">\n<testcase name=\"tests=9\"/>\n</testsuite>\n");
    }
}
