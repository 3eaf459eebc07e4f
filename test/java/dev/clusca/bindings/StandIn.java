package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Small shared libraries that tests compile for themselves. */
final class StandIn {
    private StandIn() {}

    /** Compiles one function {@code int <function>(void)} that returns 42. */
    static Path compile(Path folder, String fileName, String function) throws IOException {
        Path source = folder.resolve(fileName + ".c");
        Files.writeString(source, "int " + function + "(void) { return 42; }\n");
        Path library = folder.resolve(fileName);
        ChildProcess.Result gcc = ChildProcess.start(
                        folder,
                        Map.of(),
                        List.of("gcc", "-shared", "-fPIC", "-o", library.toString(), source.toString()))
                .await();
        assertThat(gcc.exit()).as(gcc.output()).isZero();
        return library;
    }
}
