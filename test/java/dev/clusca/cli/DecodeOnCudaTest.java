package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.PngReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sample} of a model of latents on an emulated GPU, to its picture. */
class DecodeOnCudaTest {
    /** What another order of sums may move a colour by, where it is rounded to 8 bits. */
    private static final int ROUNDING = 1;

    @Test
    void picturesAreThoseOfTheReference(@TempDir Path models, @TempDir Path folder) throws IOException {
        Path model = TinyPipeline.write(models);
        Picture expected = sample(model, folder.resolve("reference.png"), "--backend=reference");
        Picture found = sample(model, folder.resolve("cuda.png"), "--backend=cuda", "--emulate");
        byte[] colours = expected.rgb();
        assertThat(found.rgb()).hasSameSizeAs(colours);
        int most = 0;
        for (int i = 0; i < colours.length; i++) {
            most = Math.max(most, Math.abs((colours[i] & 0xff) - (found.rgb()[i] & 0xff)));
        }
        assertThat(most).isLessThanOrEqualTo(ROUNDING);
        assertThat(IntStream.range(0, colours.length).map(i -> colours[i]).distinct())
                .as("a picture of one colour would show nothing")
                .hasSizeGreaterThan(16);
    }

    private static Picture sample(Path model, Path png, String... backend) throws IOException {
        List<String> words = new ArrayList<>(List.of("dev.clusca.cli.Main", "sample"));
        words.addAll(List.of(backend));
        words.addAll(List.of("--model=" + model, "--classes=2", "--steps=2", "--out=" + png));
        ChildProcess.Result sample = ChildProcess.java(ChildProcess.classPath(), Map.of(), words.toArray(String[]::new))
                .await();
        assertThat(sample.exit()).as(sample.output()).isZero();
        return PngReader.read(png);
    }
}
