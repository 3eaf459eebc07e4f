package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that leaves JCuda out of its class path. */
class JCudaClassesTest {
    @TempDir
    Path folder;

    @Test
    void theDriverIsThenCalledThroughFfm() throws IOException {
        assertThat(doctor())
                .containsPattern("cuda +clusca emulator .* through ffm, ")
                .contains("no org.jcuda:jcublas; expected it, and its natives");
        assertThat(JCudaClasses.arePresent()).isTrue();
    }

    @Test
    void whoAsksForJCudaIsToldWhatIsMissing() throws IOException {
        assertThat(doctor("-D" + CudaDrivers.PROPERTY + "=jcuda"))
                .contains("the class path has no org.jcuda:jcuda")
                .contains("-Dclusca.cuda.driver=ffm");
    }

    private String doctor(String... flags) throws IOException {
        List<String> classPath = new ArrayList<>();
        for (String entry : ChildProcess.classPath().split(File.pathSeparator)) {
            Path jar = Path.of(entry);
            String name = jar.getFileName().toString();
            if (name.endsWith(".jar") && !name.matches("jcu(da|blas)-.*")) {
                // Copies, because a jar may name those that lie beside it.
                classPath.add(Files.copy(jar, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING)
                        .toString());
            }
        }
        List<String> arguments = new ArrayList<>(List.of(flags));
        arguments.addAll(List.of("dev.clusca.cli.Main", "doctor", "--emulate"));
        return ChildProcess.java(String.join(File.pathSeparator, classPath), Map.of(), arguments.toArray(String[]::new))
                .await()
                .output();
    }
}
