package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cli.Outcome;
import dev.clusca.measure.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotCommandTest {
    @TempDir
    Path folder;

    @Test
    void drawsModelsBesideTheirResult() throws IOException {
        Path result =
                Files.writeString(folder.resolve("a.json"), Results.models(1, 8).json());

        assertThat(Outcome.of("bench", "plot", result.toString()).assertDone().out())
                .isEqualTo("wrote " + folder.resolve("a.png") + "\n");
        assertThat(ImageIO.read(folder.resolve("a.png").toFile()).getWidth()).isEqualTo(2092);
    }

    @Test
    void drawsKernelsWhereItIsTold() throws IOException {
        Path result = Files.writeString(
                folder.resolve("k"),
                Results.kernels(
                        Results.kernel("gemm", "f32", 20, 10_000), Results.kernel("copy", "bf16", 90, 4_000_000)));
        Path out = folder.resolve("roof.png");

        assertThat(Outcome.of("bench", "plot", result.toString(), "--out", out.toString(), "-q")
                        .assertDone()
                        .out())
                .isEmpty();
        assertThat(ImageIO.read(out.toFile()).getWidth()).isEqualTo(2224);
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("k", "roof.png");
    }

    @Test
    void saysWhatItCannotDraw() throws IOException {
        Path result =
                Files.writeString(folder.resolve("a.json"), Results.models(1).json());
        Path other = Files.writeString(folder.resolve("b.json"), "{\"schema\": 1, \"report\": \"sample\"}");
        Path empty = Files.writeString(folder.resolve("c.json"), Results.kernels());

        plot("none.json").assertFailed(1, "none.json does not exist");
        plot("none/none.json").assertFailed(1, "none.json does not exist");
        plot("b.json").assertFailed(1, other + " has no kind, so it is not a result of clusca bench");
        plot("c.json").assertFailed(1, "of 0 cases none can be drawn");
        plot("a.json", "--out=chart.pdf").assertUsage("clusca writes PNG; name a file that ends in .png");
        plot("a.json", "--out=" + result).assertUsage("a.json is what RESULT reads; name another file with --out");
        plot("a.json", "--out=" + folder.resolve("none/x.png")).assertFailed(1, "does not exist; create it first");
        Outcome.of("bench", "plot").assertUsage("Missing required parameter: 'RESULT'");
        assertThat(empty).exists();
        assertThat(folder.toFile().list()).hasSize(3);
    }

    private Outcome plot(String result, String... more) {
        String[] args = new String[more.length + 3];
        args[0] = "bench";
        args[1] = "plot";
        args[2] = folder.resolve(result).toString();
        System.arraycopy(more, 0, args, 3, more.length);
        return Outcome.of(args);
    }
}
