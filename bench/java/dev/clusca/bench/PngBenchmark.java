package dev.clusca.bench;

import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import java.io.IOException;
import java.io.OutputStream;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Encoding one picture of 256 x 256 pixels as PNG: smooth colours with a little noise, as a sampled picture has. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PngBenchmark {
    private static final int SIDE = 256;

    private final Picture picture = picture();

    private static Picture picture() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] rgb = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < rgb.length; i++) {
            double x = i / 3 % SIDE;
            double y = i / 3 / SIDE;
            rgb[i] = (byte) (128 + 90 * Math.sin(x / 40 + i % 3) * Math.cos(y / 50) + random.nextInt(-3, 4));
        }
        return Picture.of(SIDE, SIDE, rgb);
    }

    @Benchmark
    public void encode() throws IOException {
        Png.write(picture, OutputStream.nullOutputStream());
    }
}
