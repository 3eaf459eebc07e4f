package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class FailuresTest {
    @ParameterizedTest
    @CsvSource({"sample, true", "demo, false", "inspect, false", "doctor, false"})
    void namesBatchOnlyWhereItIsAnOption(String name, boolean hasBatch) {
        assertThat(reported(new OutOfMemoryError("Java heap space"), name))
                .isEqualTo("clusca " + name + ": out of Java heap memory (Java heap space); "
                        + (hasBatch ? "compute fewer images at once (--batch), or " : "")
                        + "give Java more: CLUSCA_JAVA_OPTS=-Xmx8g\n");
    }

    /** The file's name is all that the JDK says of most of these. */
    @Test
    void saysWhyAFileCannotBeUsed() {
        Map.<IOException, String>of(
                        new AccessDeniedException("images"), "images: permission denied",
                        new FileAlreadyExistsException("images"), "images: it exists already",
                        new NoSuchFileException("images"), "images: no such file or folder",
                        new NotDirectoryException("images"), "images: it is not a folder",
                        new DirectoryNotEmptyException("images"), "images: the file system refuses it",
                        new FileSystemException("images", null, "No space left on device"),
                                "images: No space left on device",
                        new IOException("the images are gone"), "the images are gone",
                        new IOException(), "IOException")
                .forEach((e, sentence) -> {
                    for (Throwable thrown : List.of(e, new UncheckedIOException(e))) {
                        assertThat(reported(thrown, "sample")).isEqualTo("clusca sample: " + sentence + "\n");
                    }
                });
    }

    private static String reported(Throwable e, String name) {
        StringWriter err = new StringWriter();
        Session session = new Session(new StringWriter(), err, null, false, false, () -> false);
        Failures failures = new Failures(session);
        CommandLine command =
                Main.commandLine(session, failures).getSubcommands().get(name);

        assertThat(failures.report(e, command)).isEqualTo(1);
        return err.toString();
    }
}
