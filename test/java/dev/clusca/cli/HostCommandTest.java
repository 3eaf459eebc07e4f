package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench host}, with a program of the test in the benchmarks' place. */
class HostCommandTest {
    private static final String PROGRAM = """
            package dev.clusca.bench;
            public class HostBenchmarks {
                public static void main(String[] args) throws Exception {
                    if (args.length == 0) Thread.sleep(60_000);
                    System.out.println("µs " + String.join(" ", args));
                    System.exit(args[0].equals("fail") ? 1 : 0);
                }
            }
            """;

    @TempDir
    Path home;

    @Test
    void benchmarksThatAreNotBuiltAreSaid() {
        Outcome.at(home, "bench", "host")
                .assertFailed(
                        1,
                        "clusca bench host: the host benchmarks are no part of the library and "
                                + home.resolve("bench/target/clusca-bench.jar")
                                + " is not there; in the source tree, ./clusca bench host builds them");
        Outcome.of("bench", "host").assertFailed(1, "and are not here;");
        Outcome.of("bench", "host", "(").assertUsage("'(' is not a regular expression");
    }

    @Test
    void startsThemAndEndsAsTheyDo() throws IOException {
        makeJar();
        Path json = home.resolve("a b.json");
        assertThat(Outcome.at(home, "bench", "host", "Png|View", "--quick", "--json", json.toString())
                        .assertDone()
                        .out())
                .isEqualTo("µs --quick --json " + json + " Png|View\n");
        assertThat(Outcome.at(home, "bench", "host", "fail")).isEqualTo(new Outcome(1, "µs fail\n", ""));
        assertThat(Outcome.at(home, "bench", "host", "--quiet", "Png")).isEqualTo(new Outcome(0, "", ""));
        Outcome.at(home, "bench", "host", "--json", home + "/none/x").assertFailed(1, "cannot write " + home);
        Outcome.cancelled(home, () -> true, "bench", "host").assertFailed(130, "interrupted");
    }

    private void makeJar() throws IOException {
        Path classes = Files.createDirectories(home.resolve("classes"));
        Path source = Files.writeString(home.resolve("HostBenchmarks.java"), PROGRAM);
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-proc:none", "-d", classes.toString(), source.toString()))
                .isZero();
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, "../../classes/");
        Path jar = Files.createDirectories(home.resolve("bench/target")).resolve("clusca-bench.jar");
        try (OutputStream out = Files.newOutputStream(jar)) {
            new JarOutputStream(out, manifest).close();
        }
    }
}
