package dev.clusca;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.model.dit.TinyDit;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compiles and runs the program in {@code test/consumer} against the built jars alone, as somebody who links the library would. */
class ConsumerTest {
    @TempDir
    Path folder;

    @Test
    void linksTheBuiltJars() throws IOException {
        String jars = jars();
        assumeTrue(!jars.isEmpty(), "the jars are not built; run ./clusca test, or mvn verify");
        compile(jars);
        Path model = TinyDit.write(folder.resolve("model"));
        ChildProcess.Result result = ChildProcess.java(jars + ":" + folder, Map.of(), "consumer.Main", model.toString())
                .await();
        assertThat(result.output())
                .containsAnyOf("oneDNN 3.13.", "own products")
                .contains("labels [0, 0, 1, 1]", "samples [2, 3, 8, 8]");
        assertThat(result.exit()).isZero();
    }

    /** A program that owns its context, stream and memory calls the kernels on them, here on the emulator. */
    @ParameterizedTest
    @ValueSource(strings = {"jcuda", "ffm"})
    void runsKernelsOnTheProgramsOwnMemory(String provider) throws IOException {
        String jars = jars();
        assumeTrue(!jars.isEmpty(), "the jars are not built; run ./clusca test, or mvn verify");
        compile(jars);
        ChildProcess.Result result = ChildProcess.java(
                        jars + ":" + folder,
                        Map.of("CLUSCA_EMULATE", "1"),
                        "-Dclusca.cuda.driver=" + provider,
                        "consumer.OwnMemory")
                .await();
        assertThat(result.output())
                .contains("labels [0, 0, 1, 1]")
                .contains("centroids [0.0, 0.5, 10.0, 10.5]")
                .contains("rows [0.0, 1.0, 10.0, 10.0]")
                .contains("target [0.0, 0.5, 0.0, 0.5, 5.0, 5.0, 5.0, 5.0]");
        assertThat(result.exit()).isZero();
    }

    /** The clusca jar with all jars that it needs; empty when they have not been built. */
    private static String jars() throws IOException {
        Path target = Repository.path("src", "target");
        return Stream.concat(listing(target, "clusca-*.jar"), listing(target.resolve("lib"), "*.jar"))
                .collect(joining(":"));
    }

    private static Stream<String> listing(Path folder, String pattern) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Stream.empty();
        }
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
            files.forEach(file -> found.add(file.toString()));
        }
        return found.stream().sorted();
    }

    private void compile(String classPath) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> sources = Files.walk(Repository.path("test", "consumer", "java"))) {
            List<Path> units =
                    sources.filter(file -> file.toString().endsWith(".java")).toList();
            boolean compiled = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of(
                                    "-Werror",
                                    "-Xlint:all,-path",
                                    "-proc:none",
                                    "-cp",
                                    classPath,
                                    "-d",
                                    folder.toString()),
                            null,
                            files.getJavaFileObjectsFromPaths(units))
                    .call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
    }
}
