package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the stand-in CUDA driver exports. A driver call that is missing altogether kills the JVM when it is made. */
class StandInSymbolsTest {
    private static final String STAND_IN = "dev/clusca/natives/linux-x86_64/emulator/libcuda.so.1";
    private static final String JCUDA = "lib/libJCudaDriver-12.6.0-linux-x86_64.so";

    @TempDir
    Path folder;

    @Test
    void exportsWhatJcudaImportsAndTheBindingsNameAndNothingElse() throws IOException {
        Set<String> needed = new TreeSet<>(symbols(JCUDA, "--undefined-only"));
        assertThat(needed).as("driver calls that JCuda imports").hasSizeGreaterThan(300);
        Symbols bindings = Symbols.listedFor("cuda", "a driver");
        needed.addAll(bindings.required());
        needed.addAll(bindings.optional());
        assertThat(symbols(STAND_IN, "--defined-only")).containsExactlyElementsOf(needed);
    }

    @Test
    void hasTheDriversSoname() throws IOException {
        assertThat(run("readelf", "-d", copy(STAND_IN).toString())).contains("Library soname: [libcuda.so.1]");
    }

    /** Names of driver calls, sorted. */
    private Set<String> symbols(String resource, String which) throws IOException {
        return run("nm", "-D", which, copy(resource).toString())
                .lines()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .filter(name -> name.startsWith("cu"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Path copy(String resource) throws IOException {
        Path file = folder.resolve(resource.substring(resource.lastIndexOf('/') + 1));
        try (InputStream in = getClass().getClassLoader().getResourceAsStream(resource)) {
            assertThat(in).as(resource).isNotNull();
            Files.write(file, in.readAllBytes());
        }
        return file;
    }

    private String run(String... command) {
        ChildProcess.Result result =
                ChildProcess.start(folder, Map.of(), List.of(command)).await();
        assertThat(result.exit())
                .as("%s: %s", Arrays.toString(command), result.output())
                .isZero();
        return result.output();
    }
}
